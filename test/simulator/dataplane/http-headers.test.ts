import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { group, listener } from './builders.ts'
import { ask, asked, httpBackend, type Mirrored, mirror, open } from './support.ts'

describe('the headers an http listener adds', () => {
  const all = { for: true, proto: true, slbId: true, slbIp: true, slbPort: true, clientPort: true }
  const none = { for: false, proto: false, slbId: false, slbIp: false, slbPort: false, clientPort: false }

  test('name the client and the listener, each if switched on', async () => {
    const web = listener('http', group([await mirror()]), { headers: all })
    open(web)
    const { headers } = JSON.parse((await asked(web, { localAddress: '127.0.0.77' })).body) as Mirrored
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.77', 'x-forwarded-proto': 'http', 'slb-id': 'lb-1' })
    expect(headers).toMatchObject({ 'slb-ip': web.address, 'x-forwarded-port': '8080' })
    expect(headers['x-forwarded-client-srcport']).toMatch(/^\d+$/)
  })

  test('append to X-Forwarded-For and replace what the client claims of the others', async () => {
    const web = listener('http', group([await mirror()]), { headers: all })
    open(web)
    const claims = { 'X-Forwarded-For': '1.2.3.4', 'X-Forwarded-Proto': 'https', 'SLB-ID': 'mine' }
    const { headers } = JSON.parse((await asked(web, { localAddress: '127.0.0.77', headers: claims })).body) as Mirrored
    expect(headers).toMatchObject({ 'x-forwarded-for': '1.2.3.4, 127.0.0.77', 'x-forwarded-proto': 'http', 'slb-id': 'lb-1' })
  })

  test('are left out when switched off, in place', async () => {
    const web = listener('http', group([await mirror()]), { headers: all })
    const plane = open(web)
    await asked(web)
    plane.sync([{ ...web, headers: none }])
    const { headers } = JSON.parse((await ask(web)).body) as Mirrored
    expect(Object.keys(headers).filter((name) => /^(x-forwarded|slb)/.test(name))).toEqual([])
  })

  test('do not include those of one connection, in either direction', async () => {
    const backend = await httpBackend('a', (incoming, response) => {
      response.writeHead(200, ['Connection', 'X-Private', 'X-Private', '1', 'Keep-Alive', 'timeout=99', 'X-Public', '1'])
      response.end(JSON.stringify(incoming.headers))
    })
    const web = listener('http', group([backend]))
    open(web)
    const headers = { Connection: 'close, X-Secret', 'X-Secret': '1', TE: 'trailers', 'Proxy-Connection': 'keep-alive', 'X-Open': '1' }
    const answer = await asked(web, { headers })
    const seen = JSON.parse(answer.body) as IncomingMessage['headers']
    expect(Object.keys(seen).sort()).toEqual(['connection', 'host', 'x-forwarded-for', 'x-open'])
    expect(answer.headers).toMatchObject({ 'x-public': '1' })
    expect(answer.headers['x-private'] ?? answer.headers['keep-alive']).toBeUndefined()
  })
})
