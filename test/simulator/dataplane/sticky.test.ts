import { describe, expect, test } from 'vitest'
import { cookiesForBackend, stickyBackend, stickyResponse } from '../../../src/simulator/dataplane/sticky.ts'

const ID = '0123456789abcdef'
const off = { kind: 'off' } as const
const insert = { kind: 'insert', timeoutS: 60 } as const
const server = { kind: 'server', cookie: 'JSESSIONID' } as const

describe('the cookie of a request', () => {
  test.each([
    { name: 'names nobody while stickiness is off', sticky: off, cookies: `SERVERID=${ID}`, backend: undefined },
    { name: 'names the backend that was inserted', sticky: insert, cookies: `a=1; SERVERID=${ID}; b=2`, backend: ID },
    { name: 'names the backend in front of the application value', sticky: server, cookies: `JSESSIONID=${ID}~abc`, backend: ID },
    { name: 'names nobody when the application value has no mark', sticky: server, cookies: 'JSESSIONID=abc', backend: undefined },
    { name: 'is not confused by a cookie that ends alike', sticky: insert, cookies: `XSERVERID=${ID}`, backend: undefined },
    { name: 'may be absent', sticky: insert, cookies: undefined, backend: undefined },
  ])('$name', ({ sticky, cookies, backend }) => {
    expect(stickyBackend(sticky, cookies)).toBe(backend)
  })

  test('reaches the backend as the application set it', () => {
    expect(cookiesForBackend(server, `a=1; JSESSIONID=${ID}~x=y; b=${ID}~2`)).toBe(`a=1; JSESSIONID=x=y; b=${ID}~2`)
    expect(cookiesForBackend(insert, `SERVERID=${ID}`)).toBe(`SERVERID=${ID}`)
  })
})

describe('the cookies of a response', () => {
  const raw = ['Set-Cookie', 'JSESSIONID=abc; Path=/; HttpOnly', 'set-cookie', 'other=1', 'X-A', 'JSESSIONID=abc']

  test('get the backend inserted, with the life of the setting', () => {
    expect(stickyResponse(insert, ['X-A', '1'], ID)).toEqual(['X-A', '1', 'Set-Cookie', `SERVERID=${ID}; Max-Age=60; Path=/`])
  })

  test('of the application are marked, attributes kept, and no other header is touched', () => {
    expect(stickyResponse(server, raw, ID)).toEqual(['Set-Cookie', `JSESSIONID=${ID}~abc; Path=/; HttpOnly`, ...raw.slice(2)])
  })

  test('that take the cookie away stay as they are', () => {
    const gone = ['Set-Cookie', 'JSESSIONID=; Max-Age=0']
    expect(stickyResponse(server, gone, ID)).toEqual(gone)
  })

  test('stay as they are while stickiness is off', () => {
    expect(stickyResponse(off, raw, ID)).toEqual(raw)
  })
})
