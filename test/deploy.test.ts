// What people install is kept true: the stack, the unit, the environment files and the RAM policy.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { SETTING_KEYS, SETTINGS, type Setting } from '../src/config/settings.ts'
import { readConfig, unknownVariables } from '../src/config.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { writerRule } from '../src/leadership.ts'
import { SLB_PARAMETERS } from '../src/simulator/tables/parameters.ts'
import { run } from './commands/terminal.ts'
import { board } from './support/board.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const has = (command: string) => spawnSync(command, [command === 'haproxy' ? '-v' : '--version']).status === 0
/** Without the program the test is skipped; where CI says that nothing may be skipped, it fails. */
const needs = (command: string) => test.skipIf(!has(command) && process.env['CI'] !== 'true')

const config = (env: Readonly<Record<string, string | undefined>>) => readConfig({ env, flags: {}, readFile: () => 'key' })
const uncommented = (text: string) => text.replaceAll(/^#(?=[A-Z_]+=)/gm, '')

describe('config/ram-policy.json', () => {
  type Statement = { readonly Effect: string; readonly Action: readonly string[]; readonly Resource: readonly string[] }
  const statements: readonly Statement[] = JSON.parse(read('config/ram-policy.json')).Statement
  const granted = statements.flatMap(({ Action }) => Action).toSorted()

  /** Names of API actions in string literals; a protocol in a template stands for all four. */
  function called(): readonly string[] {
    const folder = join(ROOT, 'src/providers/aliyun')
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const literals = files.flatMap(
      (file) => readFileSync(join(folder, file), 'utf8').match(/(['`])[A-Z][A-Za-z]+(\$\{[^}`]*\}[A-Za-z]*)?\1/g) ?? [],
    )
    const names = literals.flatMap((literal) => {
      const [before, after] = literal.slice(1, -1).split(/\$\{.*\}/)
      return after === undefined ? [before] : ['TCP', 'UDP', 'HTTP', 'HTTPS'].map((protocol) => `${before}${protocol}${after}`)
    })
    const known = (name = '') => (name in SLB_PARAMETERS ? [`slb:${name}`] : name === 'DescribeInstances' ? [`ecs:${name}`] : [])
    return [...new Set(names.flatMap(known))].toSorted()
  }

  test('grants the actions that the code calls, and no other', () => {
    expect(called().length).toBeGreaterThan(20)
    expect(granted).toEqual(called())
  })

  test('names every action once and in full, and only kinds of resources that are needed', () => {
    expect(new Set(granted).size).toBe(granted.length)
    expect(granted.filter((action) => action.includes('*'))).toEqual([])
    expect([...new Set(statements.flatMap(({ Resource }) => Resource))].toSorted()).toEqual([
      '*',
      'acs:ecs:*:*:instance/*',
      'acs:slb:*:*:acl/*',
      'acs:slb:*:*:certificate/*',
      'acs:slb:*:*:loadbalancer/*',
    ])
    expect(statements.every(({ Effect }) => Effect === 'Allow')).toBe(true)
  })

  test('grants what is about certificates and access lists on those alone', () => {
    const about = (word: RegExp) => statements.filter(({ Action }) => Action.some((action) => word.test(action)))
    // What is uploaded has no name yet: the vendor's page of that action knows only "all resources", an older one certificate/*.
    const uploads = { Effect: 'Allow', Action: ['slb:UploadServerCertificate'], Resource: ['*'] }
    expect(statements.filter(({ Resource }) => Resource.includes('*'))).toEqual([uploads])
    const others = about(/Certificate/).filter(({ Resource }) => !Resource.includes('*'))
    expect(others.map(({ Resource }) => Resource)).toEqual([['acs:slb:*:*:certificate/*']])
    expect(about(/AccessControl/).map(({ Resource }) => Resource)).toEqual([['acs:slb:*:*:acl/*']])
  })

  test('lets no load balancer be created, deleted or bought', () => {
    expect(granted.filter((action) => /^slb:(Create|Delete|Modify|Set)LoadBalancer(?!.*Listener)/.test(action))).toEqual([])
  })
})

describe('config/ram-policy-scoped.json', () => {
  type Statement = { readonly Effect: string; readonly Action: readonly string[]; readonly Resource: readonly string[] }
  const statementsOf = (file: string): readonly Statement[] => JSON.parse(read(file)).Statement
  const scoped = statementsOf('config/ram-policy-scoped.json')
  const everywhere = 'acs:slb:*:*:loadbalancer/*'
  const isReading = (action: string) => /^\w+:(Describe|List)/.test(action)

  test('grants the same actions as the other one, and what changes load balancers on named ones alone', () => {
    const whole = statementsOf('config/ram-policy.json')
    expect(scoped.map(({ Effect, Action }) => ({ Effect, Action }))).toEqual(whole.map(({ Effect, Action }) => ({ Effect, Action })))
    for (const { Action, Resource } of scoped)
      if (Resource.includes(everywhere)) expect(Action.filter((one) => !isReading(one))).toEqual([])
    const named = scoped.flatMap(({ Resource }) => Resource).filter((one) => one.includes('loadbalancer/lb-'))
    expect(new Set(named).size).toBe(2)
    const { SLB_ID, SLB_ALLOW } = parseEnv(uncommented(read('config/example.env')))
    for (const one of named) expect(`${SLB_ID},${SLB_ALLOW}`).toContain(one.split('/')[1])
  })
})

describe('config/example.env', () => {
  const text = read('config/example.env')

  test('is a configuration as it stands, and with everything in it switched on', () => {
    expect(config(parseEnv(text))).toMatchObject({ loadBalancers: ['lb-bp1example0001'] })
    const all = { ...parseEnv(uncommented(text)), DOCKER_TLS_VERIFY: '' }
    expect(config(all)).toMatchObject({ owner: 'production', allowed: ['lb-bp1example0001', 'lb-bp1example0002', 'my-other-slb'] })
    expect(unknownVariables(all)).toEqual([])
  })

  test('has every setting, with its default where there is one', () => {
    const all = parseEnv(uncommented(text))
    for (const key of SETTING_KEYS) {
      const setting: Setting = SETTINGS[key]
      const value = all[setting.secret ? `${setting.env[0]}_FILE` : setting.env[0]]
      expect(value, setting.env[0]).toBeTruthy()
      if (setting.default) expect(value, setting.env[0]).toBe(setting.default)
    }
  })
})

describe('deploy/stack.yml', () => {
  /** `${NAME:-default}` and `${NAME:?message}` as docker reads them. */
  const filled = read('deploy/stack.yml')
    .replaceAll(/\$\{(\w+)(?::-([^}]*)|:\?[^}]*)\}/g, (_, name: string, otherwise?: string) => {
      return otherwise ?? { SLB_ID: 'lb-1', ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou' }[name] ?? ''
    })
    // As Swarm fills in its templates for a task.
    .replaceAll(/\{\{\.(Service|Task|Node)\.ID\}\}/g, (_, what: string) => `${what.toLowerCase()}1`)
  const stack = parse(filled)
  const service = stack.services['swarm-slb']

  test('runs on every manager, stops before it starts, and has time to finish', () => {
    expect(service.deploy).toMatchObject({
      mode: 'global',
      placement: { constraints: ['node.role == manager'] },
      update_config: { order: 'stop-first' },
    })
    expect(service.stop_grace_period).toBe('20s')
  })

  test('gives the task nothing that it does not need', () => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
    expect(service.ports).toBeUndefined()
    expect(service.volumes).toContainEqual({
      type: 'bind',
      source: '/var/run/docker.sock',
      target: '/var/run/docker.sock',
      read_only: true,
    })
  })

  test('is a configuration, with keys from secrets that it mounts and a socket where it may write', () => {
    const { environment } = service
    expect(config(environment)).toMatchObject({ expose: 'labelled', policy: 'sync', owner: undefined, httpAddr: '0.0.0.0:9750' })
    expect(unknownVariables(environment)).toEqual([])
    const files = [environment.ALIBABA_CLOUD_ACCESS_KEY_ID_FILE, environment.ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE]
    expect(files).toEqual(service.secrets.map((name: string) => `/run/secrets/${name}`))
    const { target } = service.volumes.find(({ type }: { type: string }) => type === 'tmpfs')
    expect(environment.SLB_SOCKET).toBe(`${target}/swarm-slb.sock`)
  })

  test('tells the daemon which service, task and node it is', () => {
    expect(writerRule(config(service.environment))).toEqual({
      mode: 'auto',
      own: { serviceId: 'service1', taskId: 'task1', nodeId: 'node1' },
    })
  })

  test('explains the choices that matter', () => {
    for (const name of ['SLB_EXPOSE', 'SLB_OWNER', 'SLB_POLICY']) expect(read('deploy/stack.yml')).toMatch(new RegExp(`# .*\\n +${name}: `))
  })

  needs('docker')('is understood by docker', () => {
    const env = { PATH: process.env['PATH'], SLB_ID: 'lb-1', ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou' }
    const stackConfig = (variables: NodeJS.ProcessEnv) =>
      spawnSync('docker', ['stack', 'config', '--compose-file', join(ROOT, 'deploy/stack.yml')], { env: variables, encoding: 'utf8' })
    expect(stackConfig(env)).toMatchObject({ status: 0, stderr: '' })
    // Of several that are missing docker names any one.
    const { SLB_ID: _, ...without } = env
    expect(stackConfig(without).stderr).toContain('set SLB_ID to the id or name of the load balancer')
  })
})

describe('the Dockerfile', () => {
  const [, options = '', command = '[]'] = /^HEALTHCHECK (.+) CMD (\[.*\])$/m.exec(read('Dockerfile')) ?? []

  test('has Swarm ask the daemon itself whether its task is of use, as `healthcheck` does', async () => {
    const [program, main, ...args]: readonly string[] = JSON.parse(command)
    expect([program, main]).toEqual(['node', '/app/dist/main.js'])
    expect(read('Dockerfile')).toMatch(/^ENTRYPOINT \[.*"\/app\/dist\/main\.js"\]$/m)
    expect(args).toEqual(['healthcheck'])
    // It is a command, and one that fails where nobody answers.
    expect(await run(args, { env: { SLB_SOCKET: '/nowhere', SLB_HTTP_ADDR: 'off' } })).toMatchObject({ code: 1 })
  })

  test('gives a start ten minutes, in which a task that the cloud does not answer stays out of the way of a healthy one', () => {
    expect(options.split(' ')).toEqual(['--interval=10s', '--timeout=5s', '--start-period=10m', '--retries=3'])
  })
})

describe('deploy/proxy', () => {
  const rules = read('deploy/proxy/haproxy.cfg')

  test('lets through every path that the daemon asks for, and reads alone', () => {
    const allowed = [...rules.matchAll(/path_reg (\S+)/g)].map(([, pattern = '']) => new RegExp(pattern))
    const asked = [...read('src/swarm/client.ts').matchAll(/'(?:GET )?(\/[a-z]+)'/g)].map(([, path = '']) => path)
    expect([...new Set(asked)].toSorted()).toEqual(['/events', '/info', '/nodes', '/services', '/tasks'])
    for (const path of [...asked, '/nodes/a1', '/v1.41/nodes/a1']) expect(allowed.filter((one) => one.test(path)).length, path).toBe(1)
    for (const path of ['/containers/json', '/services/a1/logs', '/services/../containers/json', '/secrets', '/nodes/a1/update', '/'])
      expect(allowed.filter((one) => one.test(path)).length, path).toBe(0)
    expect(rules).toContain('http-request deny unless reads\n')
  })

  needs('haproxy')('is understood by haproxy', () => {
    const file = join(ROOT, 'deploy/proxy/haproxy.cfg')
    expect(spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })

  needs('docker')('takes the engine from the daemon and puts the proxy in its place', () => {
    const files = ['deploy/stack.yml', 'deploy/proxy/stack.yml'].flatMap((file) => ['--compose-file', join(ROOT, file)])
    const env = { PATH: process.env['PATH'], SLB_ID: 'lb-1', ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou' }
    const { status, stdout, stderr } = spawnSync('docker', ['stack', 'config', ...files], { env, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { services, configs } = parse(stdout)
    const { environment, volumes } = services['swarm-slb']
    const at = (target: string) => volumes.filter((volume: { target: string }) => volume.target === target)
    expect(at('/var/run/docker.sock')).toEqual([{ type: 'volume', source: 'engine', target: '/var/run/docker.sock', read_only: true }])
    expect(environment.DOCKER_HOST).toBe('unix:///var/run/docker.sock/docker.sock')
    expect(services['engine-proxy'].volumes).toContainEqual({ type: 'volume', source: 'engine', target: '/run/engine' })
    expect(rules).toContain('PROXY_SOCKET /run/engine/docker.sock')
    expect(configs['engine-proxy'].file).toBe(join(ROOT, 'deploy/proxy/haproxy.cfg'))
  })
})

describe('deploy/examples/certificates.yml', () => {
  needs('docker')('gives the daemon a directory with the pair that a label then names', () => {
    const files = ['deploy/stack.yml', 'deploy/examples/certificates.yml'].flatMap((file) => ['--compose-file', join(ROOT, file)])
    const env = { PATH: process.env['PATH'], SLB_ID: 'lb-1', ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou', SHOP_VERSION: '2' }
    const { status, stdout, stderr } = spawnSync('docker', ['stack', 'config', ...files], { env, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { services, secrets } = parse(stdout)
    const { environment, secrets: mounted } = services['swarm-slb']
    const targets = mounted.map(({ target = '' }: { target?: string }) => target)
    expect(targets).toEqual(expect.arrayContaining(['shop.crt', 'shop.key'].map((file) => join(environment.SLB_CERT_DIR, file))))
    expect(mounted).toHaveLength(4)
    expect([secrets['shop-crt'].name, secrets['shop-key'].name]).toEqual(['shop-crt-2', 'shop-key-2'])
  })
})

describe('deploy/alerts.yml', () => {
  type Alert = { readonly alert: string; readonly expr: string; readonly for: string; readonly annotations: { readonly summary: string } }
  const groups: readonly { readonly rules: readonly Alert[] }[] = parse(read('deploy/alerts.yml')).groups
  const rules = groups.flatMap((group) => group.rules)

  const exprOf = (name: string) => rules.find(({ alert }) => alert === name)?.expr

  test('speaks only of metrics that the daemon has, with the labels they have', async () => {
    const exposed = board({ problems: [{ kind: 'loadBalancer', subject: 'my-slb', text: 'is locked' }] })
    exposed.count('reconciles', { result: 'failed' })
    const text = await createMetrics(exposed).text()
    const named = rules.flatMap(({ expr }) => expr.match(/\b(?:swarm_slb|process)_\w+(?:\{[^}]*\})?/g) ?? [])
    expect(named.length).toBeGreaterThan(rules.length)
    // A metric with labels is there as soon as it was counted once, and looks then as in the rule.
    for (const metric of named) expect(text.includes(`\n${metric} `), metric).toBe(true)
  })

  test('tells of a swarm without a writer, standbys that could not take over, held deletes and passes that fail', () => {
    const tells = (metric: RegExp) => rules.filter(({ expr }) => metric.test(expr)).map((rule) => `${rule.alert} ${rule.for}`)
    expect(tells(/swarm_slb_leader\) == 0/)).toEqual(['SwarmSlbNobodyLeads 2m'])
    expect(tells(/ready_to_lead == 0/)).toEqual(['SwarmSlbStandbyNotReady 10m'])
    expect(tells(/deletes_held > 0/)).toEqual(['SwarmSlbDeletesHeld 1m'])
    expect(tells(/result="failed"/)).toEqual(['SwarmSlbPassesFail 10m'])
    expect(tells(/kind="loadBalancer"/)).toEqual(['SwarmSlbLoadBalancerRefused 10m'])
    expect(rules.every(({ annotations }) => annotations.summary.endsWith('.'))).toBe(true)
  })

  test('is not quiet where a series is missing: a job without daemons beside one with some, a leader that never had a good pass', () => {
    expect(exprOf('SwarmSlbNobodyLeads')?.split(' or ').slice(1)).toEqual([
      'group by (job) (present_over_time(swarm_slb_leader[1w])) unless group by (job) (swarm_slb_leader)',
      'absent(present_over_time(swarm_slb_leader[1w]))',
    ])
    expect(exprOf('SwarmSlbNoSuccess')).toContain('(swarm_slb_last_success_timestamp_seconds or process_start_time_seconds)')
  })
})

describe('deploy/systemd', () => {
  const unit = join(ROOT, 'deploy/systemd/swarm-slb.service')

  test('has an environment file that is a configuration, with everything in it switched on too', () => {
    const text = read('deploy/systemd/swarm-slb.env')
    expect(config(parseEnv(text))).toMatchObject({ socket: '/run/swarm-slb/swarm-slb.sock' })
    const all = parseEnv(uncommented(text))
    expect(config(all).accessKey).toBeDefined()
    expect(unknownVariables(all)).toEqual([])
  })

  test('waits as long as a change takes, and does not start again with a bad configuration', () => {
    const text = read('deploy/systemd/swarm-slb.service')
    expect(text).toContain('\nTimeoutStopSec=20\n')
    expect(text).toContain('\nRestartPreventExitStatus=78\n')
  })

  needs('systemd-analyze')('passes systemd-analyze verify', () => {
    expect(spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })

  needs('systemd-analyze')('is exposed as little as such a service can be', () => {
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', unit], { encoding: 'utf8' })
    const level = Number(/Overall exposure level for swarm-slb.service: ([\d.]+)/.exec(stdout)?.[1])
    expect(level).toBeGreaterThan(0)
    expect(level).toBeLessThanOrEqual(2)
  })
})
