import { describe, expect, test } from 'vitest'
import type { PlaneBackend, PlaneRule } from '../../../src/simulator/plane.ts'
import { group, listener, weigh } from './builders.ts'
import { ask, asked, httpBackend, open } from './support.ts'

const rule = (id: string, domain: string, url: string, backends: readonly PlaneBackend[]): PlaneRule => ({
  id,
  domain,
  url,
  group: group(backends),
})

describe('forwarding rules of a listener', () => {
  test('send a request to the group of the rule, by host and path', async () => {
    const [own, shop, api] = [await httpBackend('own'), await httpBackend('shop'), await httpBackend('api')]
    const web = listener('http', group([own]), { rules: [rule('r1', 'shop.example.com', '', [shop]), rule('r2', '', '/api', [api])] })
    open(web)
    await asked(web)
    const to = async (host: string, path: string) => (await ask(web, { path, headers: { Host: host } })).body
    expect([await to('shop.example.com', '/api'), await to('x.net', '/api/1'), await to('x.net', '/')]).toEqual(['shop', 'api', 'own'])
  })

  test('answer 404 when the domain matches and no path does, and 503 when the group is empty', async () => {
    const rules = [rule('r1', 'a.net', '/x', []), rule('r2', 'b.net', '', [])]
    const web = listener('http', group([await httpBackend('own')]), { rules })
    open(web)
    await asked(web)
    expect((await ask(web, { headers: { Host: 'a.net' } })).status).toBe(404)
    expect((await ask(web, { headers: { Host: 'b.net' } })).status).toBe(503)
  })

  test('are added, changed and removed in place', async () => {
    const [own, one, two] = [await httpBackend('own'), await httpBackend('one'), await httpBackend('two')]
    const web = listener('http', group([own]))
    const plane = open(web)
    const seen = [(await asked(web, { path: '/x' })).body]
    for (const rules of [[rule('r', '', '/x', [one])], [rule('r', '', '/x', [weigh(one, 0), two])], []]) {
      plane.sync([{ ...web, rules }])
      seen.push((await ask(web, { path: '/x' })).body)
    }
    expect(seen).toEqual(['own', 'one', 'two', 'own'])
  })
})

describe('a redirect listener', () => {
  test.each([
    { port: 443, host: 'shop.example.com:8080', location: 'https://shop.example.com/a?b=c' },
    { port: 8443, host: 'shop.example.com', location: 'https://shop.example.com:8443/a?b=c' },
  ])('sends clients to https on port $port of the same host', async ({ port, host, location }) => {
    const web = listener('http', group([]), { redirectTo: port })
    open(web)
    expect(await asked(web, { path: '/a?b=c', headers: { Host: host } })).toMatchObject({ status: 301, headers: { location } })
  })
})

describe('cookie stickiness', () => {
  const cookiesOf = (headers: { readonly 'set-cookie'?: readonly string[] | undefined }) =>
    (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0] ?? '')

  test('of kind insert brings a client back to its backend, and to another once that has no weight', async () => {
    const [a, b] = [await httpBackend('a'), await httpBackend('b')]
    const sticky = { kind: 'insert', timeoutS: 77 } as const
    const web = listener('http', group([a, b], { sticky }))
    const plane = open(web)
    const first = await asked(web)
    expect(first.headers['set-cookie']?.[0]).toMatch(/^SERVERID=[0-9a-f]{16}; Max-Age=77; Path=\/$/)
    const headers = { Cookie: cookiesOf(first.headers).join('; ') }
    const names: string[] = []
    for (let i = 0; i < 4; i += 1) names.push((await ask(web, { headers })).body)
    expect(names).toEqual(Array(4).fill(first.body))
    plane.sync([{ ...web, group: group([weigh(a, first.body === 'a' ? 0 : 1), weigh(b, first.body === 'b' ? 0 : 1)], { sticky }) }])
    const moved = await ask(web, { headers })
    expect(moved.body).not.toBe(first.body)
    expect(cookiesOf(moved.headers)).not.toEqual(cookiesOf(first.headers))
  })

  test('of kind server follows the cookie of the application, which never sees the mark', async () => {
    const app = (name: string) =>
      httpBackend(name, (incoming, response) => {
        if (incoming.url === '/login') response.setHeader('Set-Cookie', ['SID=secret; Path=/; HttpOnly', 'lang=en'])
        response.end(`${name} ${incoming.headers.cookie ?? ''}`)
      })
    const web = listener('http', group([await app('a'), await app('b')], { sticky: { kind: 'server', cookie: 'SID' } }))
    open(web)
    const login = await asked(web, { path: '/login' })
    expect(login.headers['set-cookie']).toEqual([expect.stringMatching(/^SID=[0-9a-f]{16}~secret; Path=\/; HttpOnly$/), 'lang=en'])
    const headers = { Cookie: cookiesOf(login.headers).join('; ') }
    const seen: string[] = []
    for (let i = 0; i < 3; i += 1) seen.push((await ask(web, { headers })).body)
    expect(seen).toEqual(Array(3).fill(`${login.body.trim()} SID=secret; lang=en`))
  })

  test('of a rule is the rule group own', async () => {
    const [own, ruled] = [await httpBackend('own'), await httpBackend('ruled')]
    const rules = [{ id: 'r', domain: '', url: '/x', group: group([ruled], { sticky: { kind: 'insert', timeoutS: 1 } }) }]
    const web = listener('http', group([own]), { rules })
    open(web)
    expect((await asked(web, { path: '/' })).headers['set-cookie']).toBeUndefined()
    expect((await ask(web, { path: '/x' })).headers['set-cookie']).toHaveLength(1)
  })
})
