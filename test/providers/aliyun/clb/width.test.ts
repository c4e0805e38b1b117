import { describe, expect, test } from 'vitest'
import { afterBusy, afterLateBusy, afterSuccess, startWidth, WIDTH_RULES, type Width } from '../../../../src/providers/aliyun/clb/width.ts'

const RULES = WIDTH_RULES
const start = startWidth(RULES)
const quiet = (state: Width, times: number, now = 0): Width =>
  Array.from({ length: times }).reduce<Width>((old) => afterSuccess(old, true, old.epoch, now, RULES), state)
const busy = (state: Width, company: number, now = 0) => afterBusy(state, company, state.epoch, now, RULES)

describe('the width', () => {
  test('starts at two and grows with every success, up to ten', () => {
    expect(Array.from({ length: 10 }, (_, n) => quiet(start, n).width)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 10])
  })

  test('does not grow while there is room: such a success says nothing', () => {
    expect(afterSuccess(start, false, start.epoch, 0, RULES)).toEqual(start)
  })

  test('halves when the cloud is busy, down to one', () => {
    const ten = quiet(start, 8)
    expect(busy(ten, 10).width).toBe(5)
    expect(busy(start, 2).width).toBe(1)
    expect(busy(busy(start, 2), 2).width).toBe(1)
  })

  test('stays when a call that was alone meets a busy cloud: somebody else is at work', () => {
    expect(busy(start, 1)).toEqual(start)
  })

  test('learns a pause that grows to half a second, and forgets it when nothing is locked any more', () => {
    const late = (times: number) => Array.from({ length: times }).reduce<Width>((state) => afterLateBusy(state), start)
    expect([1, 2, 20].map((times) => late(times).restMs)).toEqual([50, 75, 500])
    expect(quiet(late(1), 100).restMs).toBe(0)
  })

  test('halves once for a crowd, however many of it are turned away', () => {
    const ten = quiet(start, 8)
    const first = afterBusy(ten, 10, ten.epoch, 0, RULES)
    expect(afterBusy(first, 10, ten.epoch, 0, RULES)).toEqual(first)
    expect(afterSuccess(first, true, ten.epoch, 0, RULES)).toEqual(first)
  })

  test('takes one busy answer for chance and comes back', () => {
    const once = busy(quiet(start, 8), 10)
    expect(quiet(once, 40)).toMatchObject({ width: 10, suspect: undefined, ceiling: undefined })
  })

  test('remembers for ten minutes a width that was busy twice in a row', () => {
    const once = busy(start, 2)
    const again = quiet(once, 2)
    expect(again.width).toBe(2)
    const twice = busy(again, 2, 1000)
    expect(quiet(twice, 500, 1000 + 599_999).width).toBe(1)
    expect(quiet(twice, 2, 1000 + 600_000).width).toBe(2)
  })

  test('tries the old width once more after the ceiling is forgotten, and believes the first busy answer then', () => {
    const ceiling = busy(quiet(busy(start, 2), 2), 2)
    const later = busy(quiet(ceiling, 2, 700_000), 2, 700_000)
    expect(later).toMatchObject({ width: 1, ceiling: { width: 1, until: 1_300_000 } })
  })

  test('settles just below a limit in the middle', () => {
    const six = quiet(start, 4)
    const once = busy(six, 6)
    expect(once.width).toBe(3)
    const twice = busy(quiet(once, 4), 6)
    expect(quiet(twice, 500).width).toBe(5)
  })
})
