import { generateKeyPairSync } from 'node:crypto'
import net, { type AddressInfo } from 'node:net'
import nock from 'nock'
import { afterEach, describe, expect, test } from 'vitest'
import type { CallError } from '../../../src/providers/provider.ts'
import { useNock } from '../../support/nock.ts'
import { CREDENTIALS, everything, failureOf, json, ok, REQUEST_ID, reading, refuse, serve, testRpc, writing } from './support.ts'

const PEM = { type: 'pkcs8', format: 'pem' } as const
const SPKI = { type: 'spki', format: 'pem' } as const

useNock()
afterEach(() => {
  nock.cleanAll()
})

describe('an answer that is none', () => {
  const HOST = 'https://slb.cn-test.aliyuncs.com'
  test.each([
    { name: 'an HTML page with 503', status: 503, body: '<html>Service Unavailable</html>', code: 'InvalidResponse', outcome: 'unknown' },
    { name: 'an HTML page with 200', status: 200, body: '<html>Please log in</html>', code: 'InvalidResponse', outcome: 'unknown' },
    { name: 'nothing', status: 200, body: '', code: 'InvalidResponse', outcome: 'unknown' },
    { name: 'half of an object', status: 200, body: '{"RequestId":"1","Tags"', code: 'InvalidResponse', outcome: 'unknown' },
    { name: 'null', status: 200, body: 'null', code: 'InvalidResponse', outcome: 'unknown' },
    { name: 'a list', status: 200, body: '[]', code: 'InvalidResponse', outcome: 'unknown' },
    { name: 'a word', status: 200, body: '"yes"', code: 'InvalidResponse', outcome: 'unknown' },
    { name: 'an object without RequestId', status: 200, body: '{"Tags":[]}', code: 'InvalidResponse', outcome: 'unknown' },
    { name: 'a good code with 200', status: 200, body: '{"RequestId":"1","Code":"OK"}', code: 'InvalidResponse', outcome: 'unknown' },
    { name: 'a redirect', status: 302, body: '', code: 'InvalidResponse', outcome: 'unknown' },
    { name: 'a redirect with JSON', status: 302, body: '{"RequestId":"1"}', code: 'InvalidResponse', outcome: 'unknown' },
    { name: '503 without a code', status: 503, body: '{"RequestId":"1"}', code: 'Http503', outcome: 'unknown' },
    { name: '403 without a code', status: 403, body: '{"RequestId":"1"}', code: 'Http403', outcome: 'failed' },
    { name: 'an error code with 200', status: 200, body: '{"RequestId":"1","Code":"Nope","Message":"m"}', code: 'Nope', outcome: 'failed' },
    { name: 'a prototype', status: 200, body: '{"RequestId":"1","__proto__":{"a":1}}', code: 'InvalidResponse', outcome: 'unknown' },
  ])('$name is $outcome ($code)', async ({ status, body, code, outcome }) => {
    const scope = nock(HOST).post('/').reply(status, body)
    const rpc = testRpc(HOST)
    expect(await failureOf(rpc('AddTags', {}, writing()))).toMatchObject({ status: outcome, code })
    rpc.close()
    expect(scope.isDone()).toBe(true)
  })

  test('HTML twice and then an answer is an answer, for a read', async () => {
    nock(HOST).post('/').twice().reply(503, '<html>').post('/').reply(200, { RequestId: REQUEST_ID })
    const rpc = testRpc(HOST)
    await expect(rpc('DescribeTags', {}, reading())).resolves.toMatchObject({ requestId: REQUEST_ID })
    rpc.close()
  })
})

describe('a private key that was sent', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: PEM, publicKeyEncoding: SPKI })
  const body = privateKey.replace(/-----[^-]+-----/g, '').replace(/\s/g, '')
  /** Every run of 16 characters of the key that is in the text. */
  const leaked = (text: string) =>
    [...Array(body.length).keys()].filter((at) => at + 16 <= body.length && text.includes(body.slice(at, at + 16)))

  test.each([
    { name: 'whole', quoted: privateKey },
    { name: 'on one line', quoted: privateKey.replaceAll('\n', '\\n') },
    { name: 'without its lines', quoted: body },
    { name: 'from the middle', quoted: body.slice(500, 700) },
    { name: 'encoded', quoted: encodeURIComponent(privateKey) },
    { name: 'encoded twice', quoted: encodeURIComponent(encodeURIComponent(privateKey)) },
    { name: 'cut short', quoted: privateKey.slice(0, 200) },
  ])('is in no error, although the cloud quotes it $name', async ({ quoted }) => {
    const host = 'https://slb.cn-test.aliyuncs.com'
    nock(host)
      .post('/')
      .reply(400, { RequestId: REQUEST_ID, Code: 'KeyFormatError', Message: `The key ${quoted} is wrong` })
    const rpc = testRpc(host)
    const error = await failureOf(rpc('UploadServerCertificate', { PrivateKey: privateKey }, writing()))
    expect(error.code).toBe('KeyFormatError')
    expect(leaked(everything(error))).toEqual([])
    rpc.close()
  })

  test.each([
    { name: 'a long word', code: 'CertificateNotMatchPrivateKey', told: 'CertificateNotMatchPrivateKey', outcome: 'failed' },
    { name: 'one that says "not now"', code: 'ServiceIsConfiguring', told: 'ServiceIsConfiguring', outcome: 'refused' },
    { name: 'a part of the key', code: body.match(/[A-Za-z0-9]{16,40}/)?.[0] ?? '', told: '***', outcome: 'failed' },
    { name: 'one with a part of the key in it', code: `Bad.${body.match(/[A-Za-z0-9]{16,40}/)?.[0]}x`, told: '***', outcome: 'failed' },
  ])('is struck out of a code, and a code without it is left as it is: $name', async ({ code, told, outcome }) => {
    const host = 'https://slb.cn-test.aliyuncs.com'
    nock(host).post('/').reply(400, { RequestId: REQUEST_ID, Code: code, Message: 'm' })
    const rpc = testRpc(host, { waits: { firstMs: 0, maxMs: 0, totalMs: 0 } })
    const error = await failureOf(rpc('UploadServerCertificate', { PrivateKey: privateKey }, writing()))
    expect(error).toMatchObject({ code: told, status: outcome })
    rpc.close()
  })
})

describe('a connection that breaks', () => {
  const refused = async () => {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    return `http://127.0.0.1:${port}`
  }

  test('refused: nothing was sent, so even a write is tried again, and is refused in the end', async () => {
    const codes: string[] = []
    const rpc = testRpc(await refused(), { observe: ({ code }) => void codes.push(code) })
    expect(await failureOf(rpc('AddTags', {}, writing()))).toMatchObject({ status: 'refused', code: 'ConnectFailed' })
    expect(codes).toHaveLength(4)
  })

  test('a host that does not exist is the same', async () => {
    const rpc = testRpc('http://swarm-slb.invalid', { waits: { firstMs: 0, maxMs: 0, totalMs: 1 }, timeouts: { requestMs: 2_000 } })
    nock('http://swarm-slb.invalid')
      .post('/')
      .replyWithError(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }))
    expect(await failureOf(rpc('AddTags', {}, writing()))).toMatchObject({ status: 'refused', code: 'ConnectFailed' })
  })

  test.each([
    { name: 'reset before an answer', break: 'reset' },
    { name: 'closed in the middle of the answer', break: 'half' },
    { name: 'stalled in the middle of the answer', break: 'stall' },
    { name: 'never answered', break: 'hang' },
  ])('$name: unknown, and a write is not repeated', async (how) => {
    await using cloud = await serve((_, response) => {
      if (how.break === 'reset') response.socket?.resetAndDestroy()
      if (how.break === 'half' || how.break === 'stall') {
        response.writeHead(200, { 'content-length': 1_000 }).write('{"RequestId":"1",')
      }
      if (how.break === 'half') setTimeout(() => response.socket?.destroy(), 10)
    })
    const late = how.break === 'stall' || how.break === 'hang'
    const rpc = testRpc(cloud.url, { timeouts: { requestMs: late ? 120 : 5_000 } })
    const failure = await failureOf(rpc('AddTags', {}, writing()))
    expect(failure).toMatchObject({ status: 'unknown', code: late ? 'RequestTimeout' : 'ConnectionLost' })
    expect(cloud.asked).toHaveLength(1)
    await expect.poll(() => cloud.open(), { interval: 10, timeout: 800 }).toBe(0) // no socket is left with a stalled body
    rpc.close()
  })

  test('an answer that breaks off where it is packed is given up at the deadline, not a second later', async () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n'
    await using cloud = await serve((_, response) => void response.socket?.end(`${head}{"RequestId":"1"}`))
    const rpc = testRpc(cloud.url, { timeouts: { requestMs: 100 } })
    const begun = performance.now()
    expect(await failureOf(rpc('AddTags', {}, writing()))).toMatchObject({ status: 'unknown', code: 'RequestTimeout' })
    expect(performance.now() - begun).toBeLessThan(700)
    rpc.close()
  })

  test('an answer that nests without end is no answer', async () => {
    await using cloud = await serve((_, response) => void response.end(`{"RequestId":"1","a":${'['.repeat(20_000)}`))
    const rpc = testRpc(cloud.url)
    const failure = await failureOf(rpc('AddTags', {}, writing()))
    expect(failure).toMatchObject({ status: 'unknown', code: 'InvalidResponse' })
    expect(failure.message).toContain('the answer is not JSON')
    rpc.close()
  })

  test('a kept connection that the server closed meanwhile costs a read one repetition', async () => {
    await using cloud = await serve((_, response, number) => (number === 2 ? void response.socket?.resetAndDestroy() : ok(response)))
    const rpc = testRpc(cloud.url)
    await rpc('DescribeTags', {}, reading())
    await rpc('DescribeTags', {}, reading())
    rpc.close()
    expect(cloud.asked).toHaveLength(3)
  })
})

describe('no secret is in an error', () => {
  const { accessKeyId, accessKeySecret, securityToken = '' } = CREDENTIALS
  const forms = [accessKeyId, accessKeySecret, securityToken].flatMap((one) => [one, encodeURIComponent(one)])
  const check = (error: CallError, url: string) => {
    const text = everything(error)
    for (const form of forms) expect(text).not.toContain(form)
    expect(text).not.toContain(url)
    expect(text).not.toMatch(/SignatureNonce|Signature=\w|entry|getCredentials/)
    expect(error.cause).toBeUndefined()
  }

  test.each(['echo', 'html', 'reset', 'half', 'hang'])('when the cloud answers with %s', async (how) => {
    await using cloud = await serve((asked, response) => {
      const echo = asked.form.toString()
      const signed = `Specified signature is not matched with our calculation. server string to sign is:POST&%2F&${encodeURIComponent(echo)}`
      if (how === 'echo')
        json(response, 400, { RequestId: REQUEST_ID, Code: 'SomethingElse', Message: `${signed} ${echo} ${accessKeySecret}` })
      if (how === 'html') response.writeHead(502).end(`<html>${echo}`)
      if (how === 'reset') response.socket?.resetAndDestroy()
      if (how === 'half') {
        response.writeHead(200, { 'content-length': 9_999 }).write(echo)
        setTimeout(() => response.socket?.destroy(), 10)
      }
    })
    const rpc = testRpc(cloud.url, { timeouts: { requestMs: how === 'hang' ? 60 : 5_000 } })
    check(await failureOf(rpc('AddTags', {}, writing())), cloud.url)
    rpc.close()
  })

  test('when nobody listens', async () => {
    const rpc = testRpc('http://127.0.0.1:1')
    check(await failureOf(rpc('AddTags', {}, writing())), '127.0.0.1:1')
  })

  test('when there are no credentials, and the source says too much', async () => {
    const rpc = testRpc('http://127.0.0.1:1', { credentials: () => Promise.reject(new Error(`bad answer ${accessKeySecret}`)) })
    const failure = await failureOf(rpc('AddTags', {}, writing()))
    expect(failure).toMatchObject({ status: 'failed', code: 'NoCredentials' })
    check(failure, '127.0.0.1:1')
  })

  test('when the cloud refuses the key', async () => {
    await using cloud = await serve((_, response) =>
      refuse(response, 404, 'InvalidAccessKeyId.NotFound', `Key ${accessKeyId} is not found.`),
    )
    const rpc = testRpc(cloud.url)
    check(await failureOf(rpc('AddTags', {}, writing())), cloud.url)
    rpc.close()
  })
})
