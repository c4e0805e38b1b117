import { describe, expect, test } from 'vitest'
import { formatAddress, loopbackOf, parseAddress } from '../../src/http/address.ts'

describe('an address', () => {
  test.each([
    [':9750', { host: '::', port: 9750 }, 'localhost:9750'],
    ['[::]:9750', { host: '::', port: 9750 }, 'localhost:9750'],
    ['0.0.0.0:9750', { host: '0.0.0.0', port: 9750 }, '127.0.0.1:9750'],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }, '127.0.0.1:0'],
    ['[fe80::1]:80', { host: 'fe80::1', port: 80 }, '[fe80::1]:80'],
    ['node-1.local:8080', { host: 'node-1.local', port: 8080 }, 'node-1.local:8080'],
  ])('%s is understood, and reached from the same machine', (text, address, local) => {
    expect(parseAddress(text)).toEqual(address)
    expect(formatAddress(loopbackOf(address))).toBe(local)
  })

  test.each(['9750', '', 'localhost', '::1:80', '1.2.3.4:65536', 'a b:1', 'http://a:1', '[::]', 'host:-1'])('%j is refused', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })
})
