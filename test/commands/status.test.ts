import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HeldDelete, StatusPage } from '../../src/board.ts'
import { httpPlace, socketPlaces } from '../../src/commands/daemon.ts'
import { statusText } from '../../src/commands/status-text.ts'
import { serveHttp, serveSocket } from '../../src/http/server.ts'
import { board, page, row, silent } from '../support/board.ts'
import { CONFIG, run } from './terminal.ts'

const NOW = Date.parse('2026-01-02T03:04:08Z')
const held: readonly HeldDelete[] = [
  { loadBalancer: 'my-slb', listener: 'http:8080', service: 'web', since: '2026-01-02T03:00:00Z' },
  { loadBalancer: 'my-slb', listener: 'tcp:22', service: 'ssh', since: '2026-01-02T03:00:00Z' },
]

let directory = ''
let socket = ''
const closing: (() => Promise<void>)[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swarm-slb-'))
  socket = join(directory, 'slb.sock')
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  rmSync(directory, { recursive: true })
})

async function daemon(fields: Partial<StatusPage> = {}) {
  const asked: (string | undefined)[] = []
  const approve = (hash: string | undefined) => {
    asked.push(hash)
    return hash === 'h1' ? { approved: held, hash, error: '' } : { approved: [], hash: 'h1', error: 'the held deletes have changed' }
  }
  closing.push((await serveSocket({ path: socket, board: board(fields), approve, log: silent })).close)
  return asked
}

describe('the status text', () => {
  test('begins with what is paused, what waits, and loudly with what leads astray', () => {
    const paused = [
      {
        loadBalancer: '*',
        by: 'alice',
        since: '',
        until: '',
        text: 'paused by alice',
        waiting: ['front: delete listener tcp:1'],
        astray: ['front: tcp:2'],
      },
    ]
    expect(statusText(page({ paused }), 140, NOW).split('\n\n')[1]?.split('\n')).toEqual([
      'PAUSED: every load balancer paused by alice',
      '  DANGER: front: tcp:2 leads to a port of another service now, and is not stopped because of the pause',
      '  waits: front: delete listener tcp:1',
    ])
  })

  test('shows each port with its place, state, health and reason', () => {
    const ports = [row({ backends: { healthy: 2, total: 3 } }), ...page().ports.slice(1)]
    expect(statusText(page({ ports }), 200, NOW)).toBe(`swarm-slb 1.2.3 on node-1: leader; last pass 3 s ago ok

LOAD BALANCER  ID    ADDRESS      STATE   OUR LISTENERS
my-slb         lb-1  203.0.113.7  active  2 of 3

SERVICE  PORT      LOAD BALANCER  LISTENER   ADDRESS           STATE      HEALTHY  REASON
web      80/tcp    my-slb         http:8080  203.0.113.7:8080  exposed    2/3
web      9000/tcp                                              unexposed           add slb.port.9000

Problems
  label web 80/tcp: unknown option
`)
  })

  test.each([
    [{ ok: true, reason: '' }, 'standby, the leader is node-2; ready to take over; last pass'],
    [{ ok: false, reason: 'Forbidden.RAM' }, 'standby, the leader is node-2; NOT ready to take over: Forbidden.RAM; last pass'],
    [undefined, 'standby, the leader is node-2; last pass'],
  ])('says whether a standby could take over: %o', (readyToLead, expected) => {
    expect(statusText(page({ role: 'standby', leader: 'node-2', readyToLead }), 200, NOW)).toContain(expected)
    expect(statusText(page({ readyToLead }), 200, NOW)).not.toContain('take over')
  })

  test('names the leader on a standby, and says what is held and changed by hand', () => {
    const text = statusText(
      page({ role: 'standby', leader: 'node-2', held: { hash: 'h1', reason: 'too many', deletes: held }, drift: ['weight of node-3'] }),
      200,
      NOW,
    )
    expect(text).toContain('standby, the leader is node-2')
    expect(text).toContain('Deletes that are held (too many); swarm-slb approve releases them\n  my-slb http:8080 of web, wanted for 4 min')
    expect(text).toContain('Changed by hand, left as it is\n  weight of node-3')
  })

  test('says what is still to be done to certificates and access control lists', () => {
    const text = statusText(page({ region: ['upload certificate shop'] }), 200, NOW)
    expect(text).toContain('Certificates and access control lists, still to be done\n  upload certificate shop')
    expect(statusText(page(), 200, NOW)).not.toContain('Certificates')
  })

  test.each([60, 80, 100])('fits a terminal of %i columns', (width) => {
    const ports = [row({ service: '服务'.repeat(20), reason: `${'r'.repeat(150)} and more` })]
    const lines = statusText(page({ ports, problems: [] }), width, NOW).split('\n')
    expect(
      Math.max(...lines.slice(2).map((line) => [...line].reduce((sum, char) => sum + (char > '\u2fff' ? 2 : 1), 0))),
    ).toBeLessThanOrEqual(width)
    expect(lines.join()).toContain('…')
    expect(lines.join('').split('r').length).toBeGreaterThan(150)
    expect(lines.join(' ')).toContain('and more')
    if (width >= 80) expect(lines.join()).toContain('203.0.113.7:8080')
  })

  test('lets no control character through', () => {
    const evil = 'a\u001b[2J\u009b\u202eb'
    const text = statusText(
      page({
        reason: evil,
        ports: [row({ service: evil, reason: evil })],
        problems: [{ kind: 'label', subject: evil, text: evil }],
        drift: [evil],
        held: { hash: evil, reason: evil, deletes: [{ loadBalancer: evil, listener: evil, service: evil, since: evil }] },
      }),
      Infinity,
      NOW,
    )
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
  })
})

describe('status', () => {
  test("comes from the daemon's socket, without any other configuration", async () => {
    await daemon({ role: 'standby', leader: 'node-2' })
    const { code, out, err } = await run(['status', '--slb-socket', socket], { env: {} })
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('standby, the leader is node-2')
  })

  test('comes from its HTTP address where the socket is out of reach', async () => {
    const http = await serveHttp({ address: '127.0.0.1:0', board: board(), health: async () => [], log: silent })
    closing.push(http.close)
    const { code, out } = await run(['status', '--json'], { env: { SLB_SOCKET: socket, SLB_HTTP_ADDR: http.address } })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ role: 'leader', ports: [{ service: 'web' }, {}] })
  })

  test('is read afresh where no daemon runs, and says so', async () => {
    const { code, out, err } = await run(['status'], { env: { ...CONFIG, SLB_SOCKET: socket }, app: { readStatus: async () => page() } })
    expect(code).toBe(0)
    expect(out).toContain('203.0.113.7:8080')
    expect(err).toBe(`no daemon answers on this machine (${socket}: ENOENT): reading swarm and cloud\n`)
  })

  test('does not take another program for the daemon', async () => {
    const http = await serveHttp({
      address: '127.0.0.1:0',
      board: { ...board(), page: () => ({}) as StatusPage },
      health: async () => [],
      log: silent,
    })
    closing.push(http.close)
    const env = { ...CONFIG, SLB_HTTP_ADDR: http.address }
    const { err } = await run(['status'], { env, app: { readStatus: async () => page() } })
    expect(err).toContain('not swarm-slb')
  })
})

describe('approve', () => {
  const leader = { held: { hash: 'h1', reason: 'too many deletes', deletes: held } }
  const approve = (...args: string[]) => run(['approve', '--slb-socket', socket, ...args], { env: {} })

  test('shows what is held and releases nothing by itself', async () => {
    const asked = await daemon(leader)
    const { code, out } = await approve()
    expect(code).toBe(0)
    expect(out).toBe(`Held (too many deletes), h1:
  delete http:8080 on my-slb, of service web, wanted since 2026-01-02T03:00:00Z
  delete tcp:22 on my-slb, of service ssh, wanted since 2026-01-02T03:00:00Z
Nothing was released. To release exactly these: swarm-slb approve h1 --yes
`)
    expect(asked).toEqual([])
  })

  test('releases exactly what it showed', async () => {
    const asked = await daemon(leader)
    expect(await approve('h1', '--yes')).toMatchObject({ code: 0, out: expect.stringContaining('Released: 2 of 2.') })
    expect(asked).toEqual(['h1'])
  })

  test('releases nothing when something else is held by now', async () => {
    const asked = await daemon(leader)
    const { code, err } = await approve('h0', '--yes')
    expect([code, err]).toEqual([1, 'swarm-slb: the held deletes have changed since they were shown: look again\n'])
    expect(asked).toEqual([])
  })

  test('passes on what the daemon says against it', async () => {
    await daemon({ held: { ...leader.held, hash: 'h2' } })
    expect(await approve('--yes')).toMatchObject({ code: 1, err: 'swarm-slb: the held deletes have changed\n' })
  })

  test.each([
    [{ role: 'standby', leader: 'node-2' } as const, 'this node is a standby: run it on node-2'],
    [{ role: 'standby', leader: '' } as const, 'this node is a standby: run it on the leader, which is not known now'],
    [{ role: 'unready', reason: 'no quorum' } as const, 'this node is not ready: no quorum'],
  ])('is refused where %j', async (fields, message) => {
    await daemon({ ...leader, ...fields })
    expect(await approve('--yes')).toMatchObject({ code: 1, out: '', err: `swarm-slb: ${message}\n` })
  })

  test('has nothing to do when nothing is held', async () => {
    await daemon()
    expect(await approve('--yes')).toEqual({ code: 0, out: 'Nothing is held.\n', err: '' })
  })

  test('says where it looked when no daemon answers', async () => {
    const { code, err } = await approve()
    expect([code, err]).toEqual([1, `swarm-slb: no daemon answers (${socket}: ENOENT); run it as the daemon's user, or set SLB_SOCKET\n`])
  })
})

test('the daemon is looked for where units and containers put its socket, unless a place was named', () => {
  expect(socketPlaces('/run/swarm-slb.sock')).toEqual([
    { socketPath: '/run/swarm-slb.sock' },
    { socketPath: '/run/swarm-slb/swarm-slb.sock' },
  ])
  expect(socketPlaces('/tmp/mine.sock')).toEqual([{ socketPath: '/tmp/mine.sock' }])
  expect([socketPlaces('off'), httpPlace('off')]).toEqual([[], []])
  expect(httpPlace('0.0.0.0:9750')).toEqual([{ host: '127.0.0.1', port: 9750 }])
})
