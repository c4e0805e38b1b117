// A board with something of everything on it, for tests of pages and commands.
import type { Logger } from 'pino'
import { pino } from 'pino'
import { type Board, type BoardPen, createBoard, emptyPage, type StatusPage, type StatusRow } from '../../src/board.ts'

export const silent: Logger = pino({ level: 'silent' })

export const row = (fields: Partial<StatusRow> = {}): StatusRow => ({
  service: 'web',
  port: '80/tcp',
  loadBalancer: 'my-slb',
  listener: 'http:8080',
  address: '203.0.113.7:8080',
  state: 'exposed',
  reason: '',
  ...fields,
})

export const page = (fields: Partial<StatusPage> = {}): StatusPage => ({
  ...emptyPage('1.2.3'),
  node: { id: 'n1', hostname: 'node-1' },
  role: 'leader',
  leader: 'node-1',
  reason: '',
  makesWay: '',
  owner: 'k3v9',
  clusterId: 'k3v9w0',
  lastPass: { at: '2026-01-02T03:04:05.000Z', ok: true, ms: 12 },
  loadBalancers: [
    {
      name: 'my-slb',
      id: 'lb-1',
      address: '203.0.113.7',
      state: 'active',
      reason: '',
      listeners: 3,
      owned: 2,
      backends: { active: 2, drained: 1 },
    },
  ],
  ports: [row(), row({ port: '9000/tcp', listener: '', address: '', loadBalancer: '', state: 'unexposed', reason: 'add slb.port.9000' })],
  problems: [{ kind: 'label', subject: 'web', port: '80/tcp', text: 'unknown option' }],
  ...fields,
})

export function board(fields: Partial<StatusPage> = {}, alive = true): Board & BoardPen {
  let now = 0
  const made = createBoard({ version: '1.2.3', now: () => now, aliveMs: 1000 })
  made.publish(page(fields))
  if (!alive) now = 1001
  return made
}
