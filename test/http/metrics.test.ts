import { describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/http/metrics.ts'
import { board as makeBoard, row } from '../support/board.ts'

const sample = (text: string, start: string) =>
  text
    .split('\n')
    .find((line) => line.startsWith(start))
    ?.split(' ')
    .at(-1)

describe('metrics', () => {
  test('count what the board counted, each time they are asked for', async () => {
    const board = makeBoard()
    const { text } = createMetrics(board)
    board.count('reconciles', { result: 'applied' })
    board.count('cloudRequests', { action: 'SetBackendServers', code: 'OK' }, 3)
    board.count('missedEvents', {})
    await text()
    board.count('reconciles', { result: 'applied' })
    const page = await text()
    expect(sample(page, 'swarm_slb_reconcile_total{result="applied"}')).toBe('2')
    expect(sample(page, 'swarm_slb_cloud_api_requests_total{action="SetBackendServers",code="OK"}')).toBe('3')
    expect(sample(page, 'swarm_slb_missed_events_total')).toBe('1')
    expect(sample(page, 'swarm_slb_event_stream_reconnects_total')).toBe('0')
  })

  test('show the present state and forget the one before', async () => {
    const board = makeBoard({ ports: [row(), row({ port: '81/tcp' }), row({ port: '82/tcp', state: 'pending' })] })
    const { text } = createMetrics(board)
    const before = await text()
    expect(sample(before, 'swarm_slb_listeners{lb="my-slb",state="exposed"}')).toBe('2')
    expect(sample(before, 'swarm_slb_services_pending_allocation')).toBe('1')
    expect(sample(before, 'swarm_slb_backends{lb="my-slb",state="drained"}')).toBe('1')
    expect(sample(before, 'swarm_slb_leader')).toBe('1')
    expect(sample(before, 'swarm_slb_last_success_timestamp_seconds')).toBe(String(Date.parse('2026-01-02T03:04:05Z') / 1000))
    board.publish({ role: 'standby', ports: [], loadBalancers: [], lastPass: { at: '2026-01-02T04:00:00Z', ok: false, ms: 3 } })
    const after = await text()
    expect(sample(after, 'swarm_slb_listeners{')).toBeUndefined()
    expect(sample(after, 'swarm_slb_leader')).toBe('0')
    expect(sample(after, 'swarm_slb_last_success_timestamp_seconds')).toBe(String(Date.parse('2026-01-02T03:04:05Z') / 1000))
  })

  test('tell pauses, who asked for them, and until when', async () => {
    const pause = { by: 'alice', since: '2026-01-02T03:00:00Z', text: '', waiting: [], astray: [] }
    const paused = [
      { ...pause, loadBalancer: '*', until: '' },
      { ...pause, loadBalancer: 'my-slb', until: '2026-01-02T04:00:00Z' },
    ]
    const page = await createMetrics(makeBoard({ paused })).text()
    expect(sample(page, 'swarm_slb_paused{lb="*",by="alice"}')).toBe('1')
    expect(sample(page, 'swarm_slb_paused_since_timestamp_seconds{lb="*"}')).toBe(String(Date.parse('2026-01-02T03:00:00Z') / 1000))
    expect(sample(page, 'swarm_slb_paused_until_timestamp_seconds{lb="*"}')).toBeUndefined()
    expect(sample(page, 'swarm_slb_paused_until_timestamp_seconds{lb="my-slb"}')).toBe(String(Date.parse('2026-01-02T04:00:00Z') / 1000))
  })

  test('give pass durations as a cumulative histogram', async () => {
    const board = makeBoard()
    for (const ms of [3, 400, 60_000]) board.took(ms)
    const page = await createMetrics(board).text()
    const name = 'swarm_slb_reconcile_duration_seconds'
    expect(page).toContain(`# TYPE ${name} histogram`)
    expect(['0.005', '0.25', '0.5', '30', '+Inf'].map((le) => sample(page, `${name}_bucket{le="${le}"}`))).toEqual([
      '1',
      '1',
      '2',
      '2',
      '3',
    ])
    expect([sample(page, `${name}_sum`), sample(page, `${name}_count`)]).toEqual(['60.403', '3'])
  })

  test('include memory and CPU of the process under their usual names', async () => {
    const page = await createMetrics(makeBoard()).text()
    expect(Number(sample(page, 'process_resident_memory_bytes'))).toBeGreaterThan(1e6)
    expect(Number(sample(page, 'process_cpu_seconds_total'))).toBeGreaterThan(0)
  })

  test('escape what a label value must not hold', async () => {
    const board = makeBoard({ ports: [row({ loadBalancer: 'a"b\nc' })] })
    expect(await createMetrics(board).text()).toContain('swarm_slb_listeners{lb="a\\"b\\nc",state="exposed"} 1')
  })
})
