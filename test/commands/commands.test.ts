import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { App } from '../../src/commands/io.ts'
import { serveHttp, serveSocket } from '../../src/http/server.ts'
import { board, row, silent } from '../support/board.ts'
import { CONFIG, run } from './terminal.ts'

type PlanReport = Awaited<ReturnType<App['planOnce']>>

const report = (fields: Partial<PlanReport> = {}): PlanReport => ({
  inSync: true,
  loadBalancers: [{ name: 'my-slb', id: 'lb-1', changes: [], held: [], error: '' }],
  ports: [row()],
  problems: [],
  ...fields,
})

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe('plan', () => {
  const plan = (fields: Partial<PlanReport>, ...args: string[]) => run(['plan', ...args], { app: { planOnce: async () => report(fields) } })

  test('ends with 0 when all is in sync', async () => {
    const { code, out } = await plan({})
    expect(code).toBe(0)
    expect(out).toMatch(/^my-slb \(lb-1\)\n {2}nothing to do\n/)
    expect(out).toMatch(/\nIn sync.\n$/)
  })

  test('ends with 2 and lists the changes, held ones too', async () => {
    const loadBalancers = [
      { name: 'my-slb', id: 'lb-1', changes: ['create listener http:8080'], held: ['delete listener tcp:22'], error: '' },
    ]
    const { code, out } = await plan({ inSync: false, loadBalancers })
    expect(code).toBe(2)
    expect(out).toMatch(/^my-slb \(lb-1\)\n {2}create listener http:8080\n {2}held: delete listener tcp:22\n/)
    expect(out).toMatch(/\n1 change, 1 held.\n$/)
  })

  test('lists certificates and access control lists that are to come first, and counts them', async () => {
    const { code, out } = await plan({ inSync: false, region: ['upload certificate shop'] })
    expect(code).toBe(2)
    expect(out).toMatch(/^Certificates and access control lists\n {2}upload certificate shop\n\nmy-slb/)
    expect(out).toMatch(/\n1 change.\n$/)
  })

  test('ends with 1 when a load balancer could not be read, whatever else there is', async () => {
    const loadBalancers = [
      { name: 'a', id: 'a', changes: ['x'], held: [], error: '' },
      { name: 'b', id: 'lb-b', changes: [], held: [], error: 'DescribeLoadBalancerAttribute: Throttling' },
    ]
    const { code, out } = await plan({ inSync: false, loadBalancers })
    expect(code).toBe(1)
    expect(out).toContain('lb-b)\n  error: DescribeLoadBalancerAttribute: Throttling\n')
    expect(out).toContain('1 change, 1 load balancer with an error.')
  })

  test('gives all of it as JSON', async () => {
    const { code, out } = await plan({ inSync: false }, '--json')
    expect([code, JSON.parse(out)]).toEqual([2, report({ inSync: false })])
  })

  test('ends with 1 and one line when the swarm cannot be read', async () => {
    const planOnce = () => Promise.reject(new Error('engine: connect ENOENT'))
    expect(await run(['plan'], { app: { planOnce } })).toEqual({ code: 1, out: '', err: 'swarm-slb: engine: connect ENOENT\n' })
  })

  test('ends with 130 when it is interrupted', async () => {
    const stop = AbortSignal.abort()
    const planOnce: App['planOnce'] = async (_config, _log, signal) => {
      signal.throwIfAborted()
      return report()
    }
    expect(await run(['plan'], { app: { planOnce }, signal: stop })).toEqual({ code: 130, out: '', err: 'swarm-slb: interrupted\n' })
  })
})

describe('cleanup', () => {
  const seen: boolean[] = []
  const cleanUp: App['cleanUp'] = async (_config, _log, { dryRun, onProgress }) => {
    seen.push(dryRun)
    onProgress('removing http:8080')
    return { removed: ['front: delete listener http:8080'], failed: [] }
  }

  test('only says what it would remove', async () => {
    const { code, out, err } = await run(['cleanup'], { app: { cleanUp } })
    expect([code, seen.splice(0), err]).toEqual([0, [true], ''])
    expect(out).toBe('to do: front: delete listener http:8080\nNothing was done yet. To do all of it: swarm-slb cleanup --yes\n')
  })

  test('removes it when told so, with progress on a terminal only', async () => {
    expect(await run(['cleanup', '--yes'], { app: { cleanUp } })).toEqual({
      code: 0,
      out: 'done: front: delete listener http:8080\n',
      err: '',
    })
    const { err } = await run(['cleanup', '--yes'], { app: { cleanUp }, isTerminal: true, width: 12 })
    expect(err).toBe('\r\u001b[2Kremoving ht\r\u001b[2K')
    expect(seen.splice(0)).toEqual([false, false])
  })

  test('ends with 1 when something is left', async () => {
    const app = { cleanUp: async () => ({ removed: [], failed: ['listener http:8080: Throttling'] }) }
    expect(await run(['cleanup', '--yes'], { app })).toEqual({ code: 1, out: '', err: 'failed: listener http:8080: Throttling\n' })
  })

  test('warns of a daemon that would undo it', async () => {
    const http = await serveHttp({ address: '127.0.0.1:0', board: board(), health: async () => [], log: silent })
    closing.push(http.close)
    const { err } = await run(['cleanup'], { env: { ...CONFIG, SLB_HTTP_ADDR: http.address }, app: { cleanUp } })
    expect(err).toContain('warning: a daemon runs here')
  })
})

describe('healthcheck', () => {
  test.each([
    ['ends with 0 while the loop turns', {}, true, 0, 'ok\n'],
    ['ends with 1 where it does not', {}, false, 1, 'the loop is stuck\n'],
    [
      'ends with 1 where the task makes way, and says why',
      { makesWay: 'no route' },
      true,
      1,
      "makes way for another manager's task: no route\n",
    ],
  ])('%s', async (_, page, alive, code, out) => {
    const http = await serveHttp({
      address: '0.0.0.0:0',
      board: board({ role: 'unready', ...page }, alive),
      health: async () => [],
      log: silent,
    })
    closing.push(http.close)
    expect(await run(['healthcheck'], { env: { SLB_HTTP_ADDR: http.address, SLB_SOCKET: 'off' } })).toEqual({ code, out, err: '' })
  })

  test('asks the socket, which is for its owner alone, and the address only where there is no socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'swarm-slb-'))
    const path = join(directory, 'slb.sock')
    const [well, makesWay] = [board(), board({ makesWay: 'no route' })]
    const approve = () => ({ approved: [], hash: '', error: '' })
    const http = await serveHttp({ address: '127.0.0.1:0', board: makesWay, health: async () => [], log: silent })
    const socket = await serveSocket({ path, board: well, approve, log: silent })
    closing.push(http.close, socket.close, async () => rmSync(directory, { recursive: true, force: true }))
    const env = { SLB_HTTP_ADDR: http.address, SLB_SOCKET: path }
    expect(await run(['healthcheck'], { env })).toEqual({ code: 0, out: 'ok\n', err: '' })
    await socket.close()
    expect(await run(['healthcheck'], { env })).toMatchObject({ code: 1, out: expect.stringContaining('no route') })
  })

  test('fails where nothing listens, or nothing is meant to', async () => {
    const nowhere = { SLB_SOCKET: '/nowhere/slb.sock', SLB_HTTP_ADDR: '127.0.0.1:1' }
    expect(await run(['healthcheck'], { env: nowhere })).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/no daemon answers \(\/nowhere\/slb\.sock: ENOENT, 127\.0\.0\.1:1: ECONNREFUSED\)/),
    })
    expect(await run(['healthcheck'], { env: { SLB_SOCKET: 'off', SLB_HTTP_ADDR: 'off' } })).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is nothing to ask'),
    })
  })
})

describe('simulate', () => {
  const PORTS = ['--api-port', '0', '--control-port', '0', '--metadata-port', '0', '--no-data-plane']

  /** Runs until the variables are printed, looks, and stops. */
  async function simulate(args: readonly string[], env: Record<string, string>, look: (exports: Record<string, string>) => Promise<void>) {
    const stop = new AbortController()
    const onOut = (text: string) => {
      const exports = Object.fromEntries([...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]))
      void look(exports).finally(() => stop.abort())
    }
    return run(['simulate', ...PORTS, ...args], { env: { LOG_LEVEL: 'silent', ...env }, signal: stop.signal, onOut })
  }

  test('runs until it is stopped and prints what to set', async () => {
    let answered = 0
    const { code, out } = await simulate(['--instance', 'i-1=10.0.0.5'], {}, async ({ METADATA_ENDPOINT }) => {
      answered = (await fetch(`${METADATA_ENDPOINT}/latest/meta-data/vpc-id`)).status
    })
    expect([code, answered]).toEqual([0, 200])
    for (const name of [
      'SLB_ENDPOINT',
      'ECS_ENDPOINT',
      'METADATA_ENDPOINT',
      'ALIBABA_CLOUD_REGION_ID',
      'SLB_ID',
      'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
    ])
      expect(out).toMatch(new RegExp(`^export ${name}=\\S+$`, 'm'))
    expect(out).toContain('# Load balancer lb-simulated (my-slb)')
  })

  test('does not print a key that the environment gave', async () => {
    const env = { ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAI-mine', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'hunter2hunter2' }
    const { out } = await simulate([], env, async () => {})
    expect(out).not.toMatch(/hunter2|LTAI/)
  })

  test('starts from a file and saves to one', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'swarm-slb-'))
    const [from, to] = [join(directory, 'from.json'), join(directory, 'to.json')]
    writeFileSync(from, JSON.stringify({ regionId: 'cn-test', loadBalancers: [{ id: 'lb-file' }] }))
    const { code, out } = await simulate(['--state', from, '--save', to, '--instance', 'i-1=10.0.0.5'], {}, async () => {})
    expect(code).toBe(0)
    expect(out).toContain('export SLB_ID=lb-file')
    expect(JSON.parse(readFileSync(to, 'utf8'))).toMatchObject({ regionId: 'cn-test', instances: [{ id: 'i-1', privateIp: '10.0.0.5' }] })
    rmSync(directory, { recursive: true })
  })

  test.each([
    [['--state', '/nowhere.json'], '--state /nowhere.json: ENOENT'],
    [['--instance', 'i-1'], '--instance i-1: expected ID=ADDRESS'],
  ])('refuses %j in one line', async (args, message) => {
    const { code, err } = await simulate(args, {}, async () => {})
    expect(code).toBe(1)
    expect(err).toContain(message)
    expect(err.trim().split('\n')).toHaveLength(1)
  })
})
