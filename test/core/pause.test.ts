// Pauses: what the value of the label or tag means, when it is over, and what people read.
import { describe, expect, test } from 'vitest'
import { describePause, pauseOf } from '../../src/core/pause.ts'

const NOW = Date.parse('2026-01-31T10:00:00Z')
const at = (text: string | undefined, now = NOW) => pauseOf(text, undefined, now)

describe('a pause', () => {
  test.each([
    ['true', { until: undefined, by: '', fault: '' }],
    ['', { until: undefined, by: '', fault: '' }],
    ['  true  alice: new certificates ', { until: undefined, by: 'alice: new certificates', fault: '' }],
    ['2026-01-31T12:00Z', { until: NOW + 7_200_000, by: '', fault: '' }],
    ['2026-01-31 12:00:00Z', { until: NOW + 7_200_000, by: '', fault: '' }],
    ['2026-01-31t20:00:00.000+08:00 bob', { until: NOW + 7_200_000, by: 'bob', fault: '' }],
  ])('reads %j', (text, pause) => {
    expect(at(text)).toEqual({ since: NOW, ...pause })
  })

  test.each(['yes', '1', '2026-01-31', '12:00', '2026-01-31T12:00', '2026-02-30T12:00Z', '2026-01-31T25:00Z', 'tomorrow', 'TRUE!'])(
    'that cannot be read pauses for as long as it stands, and says what was expected: %s',
    (text) => {
      expect(at(text, NOW + 1e12)).toMatchObject({ until: undefined, fault: expect.stringContaining('expected true, or a time') })
    },
  )

  test.each([undefined, 'false', '2026-01-31T09:59Z', '2026-01-31T10:00Z'])('is none: %s', (text) => {
    expect(at(text)).toBeUndefined()
  })

  test('is over by itself at its time', () => {
    expect(at('2026-01-31T10:01Z', NOW + 59_999)).toBeDefined()
    expect(at('2026-01-31T10:01Z', NOW + 60_000)).toBeUndefined()
  })

  test('that is prolonged began when it was first seen', () => {
    const first = at('2026-01-31T12:00Z')
    expect(pauseOf('2026-01-31T14:00Z', first, NOW + 1000)?.since).toBe(NOW)
  })
})

describe('what people read', () => {
  const line = (text: string) => {
    const pause = at(text)
    return pause === undefined ? '' : describePause(pause, 'label slb.pause')
  }

  test('says who, since when and until when', () => {
    expect(line('2026-01-31T12:00Z alice: maintenance')).toBe(
      'paused by alice: maintenance (label slb.pause), seen since 2026-01-31T10:00:00Z, until 2026-01-31T12:00:00Z; nothing is written',
    )
  })

  test('says what is not known', () => {
    expect(line('true')).toContain('by somebody who left no name')
    expect(line('true')).toContain('until label slb.pause is taken off')
  })

  test('holds nothing that steers a terminal or forges a line, and is never long', () => {
    expect(line('true \u001b[31malice\nERROR')).not.toMatch(/[^ -~]/)
    expect(line(`true ${'x'.repeat(10_000)}`).length).toBeLessThan(400)
  })
})
