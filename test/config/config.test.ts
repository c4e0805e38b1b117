import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Source } from '../../src/config/read.ts'
import { ConfigError, readConfig, readSome, unknownVariables } from '../../src/config.ts'

const LEAST = { SLB_ID: 'lb-1', ALIBABA_CLOUD_REGION_ID: 'cn-beijing' }

const read = (env: Source['env'] = {}, flags: Source['flags'] = {}, files: Record<string, string> = {}) =>
  readConfig({
    env: { ...LEAST, ...env },
    flags,
    readFile: (path) => {
      const text = files[path]
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      return text
    },
  })

function problems(env: Source['env'], files: Record<string, string> = {}): readonly string[] {
  try {
    read(env, {}, files)
  } catch (err) {
    if (err instanceof ConfigError) return err.problems
    throw err
  }
  return []
}

describe('the configuration', () => {
  test('needs a load balancer and a region, and nothing else', () => {
    expect(read()).toMatchObject({
      loadBalancers: ['lb-1'],
      allowed: ['lb-1'],
      regionId: 'cn-beijing',
      accessKey: undefined,
      expose: 'labelled',
      nodes: [],
      policy: 'sync',
      dryRun: false,
      maxDeletes: { count: 5, percent: 25 },
      guardReleaseMs: 1_800_000,
      removalGraceMs: 30_000,
      nodeDownGraceMs: 60_000,
      drainMs: 30_000,
      resyncMs: 60_000,
      apiShare: 0.5,
      defaultBandwidth: -1,
      quotas: { listeners: 50, backends: 200, attachments: 50, rules: 40, groups: Infinity },
      dockerHost: 'unix:///var/run/docker.sock',
      dockerTlsVerify: false,
      httpAddr: '127.0.0.1:9750',
      socket: '/run/swarm-slb.sock',
    })
  })

  test('is frozen all the way down', () => {
    const config = read({ SLB_PORTS: '80' })
    expect([config, config.quotas, config.loadBalancers, config.ports?.[0]].every(Object.isFrozen)).toBe(true)
  })

  test('reports every problem at once', () => {
    expect(
      problems({
        SLB_ID: '',
        ALIBABA_CLOUD_REGION_ID: '',
        SLB_DRAIN: '30',
        SLB_PORTS: '80-70',
        SLB_POLICY: 'delete',
        SLB_DRY_RUN: 'perhaps',
      }),
    ).toEqual([
      'SLB_PORTS is "80-70": expected ports and ranges, such as 80,443,30000-30010',
      'SLB_POLICY is "delete": expected sync or upsert-only or create-only',
      'SLB_DRY_RUN is "perhaps": expected true or false',
      'SLB_DRAIN is "30": expected a duration with a unit, such as 30s or 5m, from 0s to 24h',
      'ALIBABA_CLOUD_REGION_ID is not set: region of the load balancers and nodes',
      'SLB_ID is not set: name the load balancer of this swarm, or in SLB_ALLOW those that labels may name',
    ])
  })

  test('ends the process with the code for bad configuration', () => {
    expect(new ConfigError(['x']).exitCode).toBe(78)
  })

  test('may name no load balancer when labels do', () => {
    expect(read({ SLB_ID: '', SLB_ALLOW: 'lb-2' })).toMatchObject({ loadBalancers: [], allowed: ['lb-2'] })
  })

  test('does not expose unlabelled ports without a place for them', () => {
    expect(problems({ SLB_ID: '', SLB_ALLOW: 'lb-2', SLB_EXPOSE: 'published' })).toEqual([
      'SLB_EXPOSE=published needs SLB_ID: ports without a label go to the default load balancer',
    ])
  })

  test('allows load balancers by a tag, whose value may have an equals sign', () => {
    expect(read({ SLB_ID: '', SLB_ALLOW: 'c,team=web,empty=,k=a=b' })).toMatchObject({
      loadBalancers: [],
      allowed: ['c'],
      allowedTags: [
        { key: 'team', value: 'web' },
        { key: 'empty', value: '' },
        { key: 'k', value: 'a=b' },
      ],
    })
  })

  test('allows those in SLB_ID and SLB_ALLOW, each once', () => {
    expect(read({ SLB_ID: 'a, b,a', SLB_ALLOW: 'b,c' })).toMatchObject({ loadBalancers: ['a', 'b'], allowed: ['a', 'b', 'c'] })
  })

  test.each(['pause', 'taken', 'move', 'verify'])('takes no owner whose tag would mean something else: %s', (owner) => {
    expect(problems({ SLB_OWNER: owner })).toEqual([expect.stringContaining('expected another name')])
    expect(read({ SLB_OWNER: `${owner}2` })).toMatchObject({ owner: `${owner}2` })
  })

  test('reads a flag before a variable, and an empty variable as not set', () => {
    expect(read({ SLB_DRAIN: '10s', SLB_OWNER: '' }, { drainMs: '20s' })).toMatchObject({ drainMs: 20_000, owner: undefined })
    expect(() => read({}, { drainMs: 'x' })).toThrow('--slb-drain is "x"')
  })

  test('finds the endpoints of the region', () => {
    expect(read()).toMatchObject({
      slbEndpoint: 'https://slb-vpc.cn-beijing.aliyuncs.com',
      ecsEndpoint: 'https://ecs-vpc.cn-beijing.aliyuncs.com',
    })
    expect(read({ SLB_NETWORK: 'public' }).ecsEndpoint).toBe('https://ecs.cn-beijing.aliyuncs.com')
    const hangzhou = { ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou', SLB_NETWORK: 'public' }
    expect(read(hangzhou)).toMatchObject({ slbEndpoint: 'https://slb.aliyuncs.com', ecsEndpoint: 'https://ecs-cn-hangzhou.aliyuncs.com' })
    expect(read({ SLB_ENDPOINT: 'http://127.0.0.1:8080/' }).slbEndpoint).toBe('http://127.0.0.1:8080')
  })

  test('says what is wrong with the engine before anybody waits for it', () => {
    expect(problems({ DOCKER_HOST: 'ssh://me@host' }).join()).toContain('ssh:// is not supported')
    expect(problems({ DOCKER_HOST: 'tcp://10.0.0.1:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere' })).toEqual([
      'DOCKER_CERT_PATH: /nowhere/ca.pem is missing',
    ])
  })

  test("hands on the variables of the vendor's credential library, and no secret", () => {
    const env = {
      ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/x',
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'a',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'b',
      HOME: '/',
    }
    expect(read(env).vendorEnv).toEqual({ ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/x' })
  })

  test("takes Docker Machine's names where its own are not set", () => {
    const machine = { ECS_SLB_ID: 'lb-9', ECS_REGION: 'cn-shanghai', ECS_ACCESS_KEY_ID: 'id', ECS_ACCESS_KEY_SECRET: 'secret' }
    const config = readConfig({ env: machine, flags: {} })
    expect(config).toMatchObject({ loadBalancers: ['lb-9'], regionId: 'cn-shanghai' })
    expect([config.accessKey?.id.reveal(), config.accessKey?.secret.reveal()]).toEqual(['id', 'secret'])
    expect(readConfig({ env: { ...machine, ...LEAST }, flags: {} }).loadBalancers).toEqual(['lb-1'])
  })

  test('can be read in part where the rest is missing', () => {
    expect(readSome({ env: { SLB_HTTP_ADDR: ':80' }, flags: {} }, ['httpAddr', 'socket'])).toEqual({
      httpAddr: ':80',
      socket: '/run/swarm-slb.sock',
    })
    expect(() => readSome({ env: { SLB_HTTP_ADDR: '80' }, flags: {} }, ['httpAddr'])).toThrow(ConfigError)
  })

  test('knows variables that are likely misspelt', () => {
    expect(unknownVariables({ SLB_ID: 'a', SLB_DRIAN: '5s', ECS_SLB_ID: 'b', PATH: '/' })).toEqual(['SLB_DRIAN'])
  })
})

describe('secrets', () => {
  const files = { '/run/secrets/id': 'LTAI-id\n', '/run/secrets/key': 'hunter2hunter2\r\n', '/run/secrets/empty': '\n', '/spaced': 'a b' }
  const both = { ALIBABA_CLOUD_ACCESS_KEY_ID_FILE: '/run/secrets/id', ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE: '/run/secrets/key' }

  test('come from files without their line end', () => {
    const { accessKey } = read(both, {}, files)
    expect([accessKey?.id.reveal(), accessKey?.secret.reveal()]).toEqual(['LTAI-id', 'hunter2hunter2'])
  })

  test('do not print', () => {
    const config = read(both, {}, files)
    const printed = [inspect(config, { depth: 9, showHidden: true }), JSON.stringify(config), `${config.accessKey?.secret}`].join()
    expect(printed).not.toMatch(/hunter2|LTAI/)
    expect(printed).toContain('[secret]')
  })

  test.each([
    [
      { ...both, ALIBABA_CLOUD_ACCESS_KEY_ID: 'x' },
      ['ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_ID_FILE are both set: keep one of them'],
    ],
    [{ ...both, ALIBABA_CLOUD_ACCESS_KEY_ID_FILE: '/no' }, ['ALIBABA_CLOUD_ACCESS_KEY_ID_FILE: cannot read /no (ENOENT)']],
    [
      { ...both, ALIBABA_CLOUD_ACCESS_KEY_ID_FILE: '/run/secrets/empty' },
      ['ALIBABA_CLOUD_ACCESS_KEY_ID_FILE: /run/secrets/empty is empty'],
    ],
    [
      { ...both, ALIBABA_CLOUD_ACCESS_KEY_ID_FILE: '/spaced' },
      ['ALIBABA_CLOUD_ACCESS_KEY_ID_FILE: expected printable ASCII without spaces'],
    ],
    [{ ALIBABA_CLOUD_ACCESS_KEY_ID: 'x' }, ['ALIBABA_CLOUD_ACCESS_KEY_ID is set without ALIBABA_CLOUD_ACCESS_KEY_SECRET']],
    [{ ECS_ACCESS_KEY_SECRET: 'x' }, ['ECS_ACCESS_KEY_SECRET is set without ALIBABA_CLOUD_ACCESS_KEY_ID']],
    [
      { ALIBABA_CLOUD_SECURITY_TOKEN: 'x' },
      ['ALIBABA_CLOUD_SECURITY_TOKEN is set without ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
    ],
    [
      { ALIBABA_CLOUD_ACCESS_KEY_ID: 'x', ECS_ACCESS_KEY_SECRET: 'y' },
      ['ALIBABA_CLOUD_ACCESS_KEY_ID and ECS_ACCESS_KEY_SECRET belong to different access keys: set both of one kind'],
    ],
  ])('%j is a problem', (env, expected) => {
    expect(problems(env, files)).toEqual(expected)
  })

  test('in a URL are not printed with its problem', () => {
    expect(problems({ SLB_ENDPOINT: 'https://me:hunter2@host' }).join()).toBe(
      'SLB_ENDPOINT is "https://…@host": expected a host name or URL without a path, such as https://slb.aliyuncs.com',
    )
  })
})

test('who this process is in the swarm is told whole, or not at all', () => {
  const told = (...names: readonly string[]) => problems(Object.fromEntries(names.map((name) => [`SLB_${name}_ID`, 'x1'])))
  const missing = (names: string) => [`SLB_SERVICE_ID, SLB_TASK_ID and SLB_NODE_ID go together: ${names} is not set`]
  expect(told('SERVICE', 'TASK', 'NODE')).toEqual([])
  expect(told('SERVICE')).toEqual([])
  expect(told('TASK')).toEqual(missing('SLB_SERVICE_ID and SLB_NODE_ID'))
  expect(told('SERVICE', 'NODE')).toEqual(missing('SLB_TASK_ID'))
})

test('a template that nobody filled in is a problem', () => {
  const env = { SLB_SERVICE_ID: 'x1', SLB_TASK_ID: '{{.Task.ID}}', SLB_NODE_ID: 'x1' }
  expect(problems(env).join()).toMatch(/^SLB_TASK_ID is "{{.Task.ID}}": expected an id of Docker Swarm/)
})
