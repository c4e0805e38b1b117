import { describe, expect, test } from 'vitest'
import { isOption, OPTION_NAMES, specOf } from '../../src/core/options.ts'
import { parseValue } from '../../src/core/values.ts'

describe('the table of options', () => {
  test('has the options of today', () => {
    expect(OPTION_NAMES).toEqual(
      expect.arrayContaining(['scheduler', 'bandwidth', 'persistence-timeout', 'sticky-session', 'sticky-session-type']),
    )
    expect(OPTION_NAMES).toEqual(expect.arrayContaining(['cookie', 'cookie-timeout', 'healthy-threshold', 'unhealthy-threshold']))
    expect(OPTION_NAMES.filter((name) => name.startsWith('health-check-'))).toHaveLength(13)
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'enable'])('does not take %s for an option', (name) => {
    expect(isOption(name)).toBe(false)
  })

  test.each(OPTION_NAMES.filter((name) => specOf(name).when !== undefined))('%s comes after what it depends on', (name) => {
    const depends = specOf(name).when?.[0] ?? ''
    const on = depends === 'health-check' ? ['health-check-switch', 'health-check-flag', 'health-check-type'] : [depends]
    for (const option of on) {
      const names: readonly string[] = OPTION_NAMES
      expect(names).toContain(option)
      expect(names.indexOf(option)).toBeLessThan(names.indexOf(name))
    }
  })

  test.each(OPTION_NAMES.flatMap((name) => specOf(name).protocols.map((protocol) => [name, protocol] as const)))(
    'the default of %s is a value for %s',
    (name, protocol) => {
      const { default: given } = specOf(name)
      const value = typeof given === 'function' ? given({ protocol, defaultBandwidth: -1, given: {} }) : given
      if (value === undefined || value === '' || value === 0) return
      expect(parseValue(name, protocol, String(value))).toEqual({ ok: true, value })
    },
  )
})
