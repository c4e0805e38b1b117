import { describe, expect, test } from 'vitest'
import { createBoard } from '../src/board.ts'

function start() {
  let time = 0
  const board = createBoard({ version: '1.2.3', now: () => time, aliveMs: 1000 })
  return {
    board,
    wait: (ms: number) => {
      time += ms
    },
  }
}

describe('the board', () => {
  test('is alive while the loop turns in time', () => {
    const { board, wait } = start()
    wait(1000)
    expect(board.alive()).toBe(true)
    wait(1)
    expect(board.alive()).toBe(false)
    board.turned()
    expect(board.alive()).toBe(true)
  })

  test('is ready as leader and as standby, not before', () => {
    const { board } = start()
    expect([board.ready(), board.page().reason]).toEqual([false, 'starting'])
    board.publish({ role: 'standby', reason: '' })
    expect(board.ready()).toBe(true)
    board.publish({ role: 'unready', reason: 'no quorum' })
    expect(board.ready()).toBe(false)
  })

  test('remembers when a pass last ended well', () => {
    const { board } = start()
    const pass = (at: string, ok: boolean) => board.publish({ lastPass: { at, ok, ms: 1 } })
    pass('2026-01-01T00:00:00Z', true)
    pass('2026-01-01T00:01:00Z', false)
    expect(board.page()).toMatchObject({ lastPass: { ok: false }, lastSuccess: '2026-01-01T00:00:00Z' })
  })

  test('counts by label, whatever their order', () => {
    const { board } = start()
    board.count('events', { type: 'node', action: 'update' })
    board.count('events', { action: 'update', type: 'node' }, 2)
    board.count('events', { type: 'node', action: 'create' })
    const { counts } = board.counters()
    expect(counts.events.map(({ value }) => value)).toEqual([3, 1])
    expect(counts.changes).toEqual([])
  })

  test('gives a reading that later counting does not change', () => {
    const { board } = start()
    board.count('reconnects', {})
    board.took(30)
    const before = structuredClone(board.counters())
    const held = board.counters()
    board.count('reconnects', {})
    board.took(60_000)
    expect(held).toEqual(before)
    expect(board.counters().durations).toMatchObject({ count: 2, sum: 60.03 })
  })
})
