import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseNetwork } from '../../src/core/address.ts'

const shown = (text: string) => {
  const parsed = parseNetwork(text)
  return parsed.ok ? parsed.value.text : parsed.text
}

describe('an address or network', () => {
  test.each([
    ['10.0.0.7', '10.0.0.7/32'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['255.255.255.255/32', '255.255.255.255/32'],
    ['192.168.128.0/17', '192.168.128.0/17'],
    ['2001:DB8::1', '2001:db8::1/128'],
    ['2001:0db8:0:0:0:0:0:0/32', '2001:db8::/32'],
    ['::', '::/128'],
    ['::/0', '::/0'],
    ['::1', '::1/128'],
    ['fe80:0:0:1:0:0:0:1', 'fe80:0:0:1::1/128'],
    ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4/128'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7/128'],
    ['ffff::/16', 'ffff::/16'],
    ['8000::/1', '8000::/1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0/128'],
  ])('%s is %s', (text, expected) => {
    expect(shown(text)).toBe(expected)
  })

  test.each([
    ['10.0.0.7/8', '"10.0.0.7/8" has bits behind its prefix; write 10.0.0.0/8 or 10.0.0.7/32'],
    ['10.0.0.1/0', '"10.0.0.1/0" has bits behind its prefix; write 0.0.0.0/0 or 10.0.0.1/32'],
    ['2001:db8::1/64', '"2001:db8::1/64" has bits behind its prefix; write 2001:db8::/64 or 2001:db8::1/128'],
    ['10.0.0.0/33', '"10.0.0.0/33": the prefix is longer than 32 bits'],
    ['::/129', '"::/129": the prefix is longer than 128 bits'],
  ])('%s is refused with what may have been meant', (text, expected) => {
    expect(shown(text)).toBe(expected)
  })

  test.each([
    '',
    '/8',
    '10.0.0',
    '10.0.0.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.1e0',
    '10.0.0.-1',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '0x0a.0.0.1',
    '٣.0.0.1',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    'example.com',
    'localhost',
    '10.0.0.0 /8',
  ])('%j is neither', (text) => {
    expect(shown(text)).toMatch(/is no address or network$/)
  })

  test('is the same when it is read again', () => {
    const group = fc.oneof(fc.constant(0), fc.nat(0xffff))
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }), (six, four) => {
        for (const text of [six.map((part) => part.toString(16)).join(':'), four.join('.')]) {
          const once = parseNetwork(text)
          expect(once.ok && parseNetwork(once.value.text)).toEqual(once)
        }
      }),
    )
  })
})
