// What may come back from the cloud, or from anything in between, byte for byte: through the real client, over a real connection.
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import fc from 'fast-check'
import nock from 'nock'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sendOnce } from '../../src/providers/aliyun/wire.ts'
import { CallError } from '../../src/providers/provider.ts'
import { fuzz } from './measure.ts'
import { anyJson, anyText, like, mutated } from './texts.ts'

const SECRET = 'a-secret-of-30-characters-here'
const CREDENTIALS = { accessKeyId: 'LTAI-fuzz-key-id', accessKeySecret: SECRET, securityToken: 'CAIS-fuzz-session-token' }
const GOOD = {
  RequestId: '365F4154-92F6-4AE4-92F8-7FF34B540710',
  LoadBalancers: { LoadBalancer: [{ LoadBalancerId: 'lb-1', Bandwidth: -1, CreateTimeStamp: 1_541_679_713_000 }] },
  TotalCount: 1,
}
const ERROR = {
  RequestId: 'R-1',
  HostId: 'slb.aliyuncs.com',
  Code: 'ServiceIsConfiguring',
  Message: 'A previous configuration is pending.',
}

/** Within what no input may take longer than. */
const DEADLINE_MS = 50

/** What this connection answers with, and whether it then ends. */
type Sent = { readonly bytes: Buffer; readonly ends: boolean }

let next: Sent = { bytes: Buffer.alloc(0), ends: true }
const server = net.createServer((socket) => {
  socket.on('error', () => {})
  let request = ''
  socket.on('data', (chunk: Buffer) => {
    request += chunk.toString('latin1')
    // Answered before it has come as a whole, it would be reset.
    const [, length] = /content-length: (\d+)/i.exec(request) ?? []
    const whole = request.indexOf('\r\n\r\n') + 4 + Number(length)
    if (request.length >= whole) void (next.ends ? socket.end(next.bytes) : socket.write(next.bytes))
  })
})
const agent = new http.Agent({ keepAlive: false })
let endpoint = ''

beforeAll(async () => {
  nock.restore()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  agent.destroy()
  await new Promise((resolve) => server.close(resolve))
})

const numbers = fc.constantFrom(
  ...['9007199254740993', '1e309', '-0', '1E-7', '12345678901234567890123456789012345678901234567890', '0.1e-400', '01', '+1', 'NaN', '1.'],
  '9'.repeat(5000),
)
const json = fc.oneof(
  { weight: 6, arbitrary: mutated(fc.constantFrom(GOOD, GOOD, ERROR)).map((one) => JSON.stringify(one) ?? 'null') },
  { weight: 2, arbitrary: numbers.map((number) => `{"RequestId":"R-1","A":${number},"List":[${number}]}`) },
  { weight: 1, arbitrary: like(JSON.stringify(GOOD), JSON.stringify(ERROR), '{"RequestId":"1","__proto__":{"a":1}}') },
  { weight: 1, arbitrary: anyJson.map((one) => JSON.stringify({ RequestId: 'R-1', value: one })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('[', '{"a":', '[{"a":'), fc.integer({ min: 10, max: 8000 }), fc.boolean())
      .map(([open, depth, closed]) => {
        const close = open === '[' ? ']' : open === '{"a":' ? '}' : '}]'
        return `{"RequestId":"R-1","deep":${open.repeat(depth)}1${closed ? close.repeat(depth) : ''}}`
      }),
  },
  { weight: 1, arbitrary: anyText },
)
const body = fc.oneof(
  { weight: 20, arbitrary: json.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: json.map((text) => Buffer.from(`\u{feff}${text}`)) },
  { weight: 1, arbitrary: json.map((text) => Buffer.from(text, 'utf16le')) },
)
const STATUSES = [...Array<number>(12).fill(200), 201, 204, 301, 400, 403, 404, 409, 429, 449, 500, 503, 599]
const statusLine = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...STATUSES).map((status) => `HTTP/1.1 ${status} x`) },
  { weight: 1, arbitrary: like('HTTP/1.1 200 OK', 'HTTP/1.0 200 OK', 'HTTP/2 200', 'HTTP/1.1 100 Continue', 'HTTP/1.1 000') },
)
const TYPES = ['application/json', 'text/html', 'text/xml; charset=gbk', '', 'application/octet-stream']
const HEADERS = ['Content-Encoding: gzip', 'Transfer-Encoding: chunked', 'Content-Length: 7', 'Location: /x', 'Set-Cookie: a=b', 'X: y']
const headers = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...TYPES).map((type) => [`Content-Type: ${type}`]) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...HEADERS), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(like(...HEADERS), { maxLength: 2 }) },
)

/** How many bytes the answer says it has: mostly as many as it has. */
const lie = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-9, 9, undefined) })
const cut = fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(2000) })

const answer = fc.record({ statusLine, headers, body, lie, cut }).map((one): Sent => {
  const length = one.lie === undefined ? [] : [`Content-Length: ${Math.max(0, one.body.length + one.lie)}`]
  const head = [one.statusLine, ...one.headers, ...length, 'Connection: close', '', ''].join('\r\n')
  const whole = Buffer.concat([Buffer.from(head), one.body])
  return { bytes: whole.subarray(0, one.cut === undefined ? whole.length : one.cut % (whole.length + 1)), ends: true }
})

const ask = (timeoutMs: number, sent: Sent) => {
  next = sent
  const wire = { endpoint, apiVersion: '2014-05-15', userAgent: 'fuzz', agent, timeoutMs }
  return sendOnce(wire, 'DescribeLoadBalancers', { RegionId: 'cn-hangzhou' }, CREDENTIALS)
}

/** What JSON can hold and nothing else. Without recursion: thousands of levels are compared in no time, and the time is that of the client. */
function isPlain(value: unknown): boolean {
  const left = [value]
  while (left.length > 0) {
    const one = left.pop()
    if (one === null || ['string', 'boolean'].includes(typeof one) || Number.isFinite(one)) continue
    const kind = typeof one === 'object' ? Object.getPrototypeOf(one) : undefined
    if (kind !== Object.prototype && kind !== Array.prototype) return false
    left.push(...Object.values(one as object))
  }
  return true
}

/** One that says something, in words that are short, on one line, and ours. */
function declared(error: unknown): boolean {
  if (!(error instanceof CallError)) return false
  const told = `${error.code} ${error.message} ${error.requestId ?? ''}`
  return told.length < 700 && !/[\0-\u001f]/.test(told) && Object.values(CREDENTIALS).every((secret) => !told.includes(secret))
}

test('any answer is a reply that is plain JSON, or a CallError', async () => {
  await fuzz({
    name: 'wire answers',
    inputs: answer,
    count: 6000,
    declared,
    run: async (sent) => {
      const { body: reply, requestId } = await ask(DEADLINE_MS, sent)
      expect(requestId).not.toBe('')
      expect(isPlain(reply)).toBe(true)
      return { size: JSON.stringify(reply).length, most: 2 * sent.bytes.length + 1000 }
    },
  })
})

test('an answer that never ends is given up in time, wherever it stops', async () => {
  await fuzz({
    name: 'wire stalls',
    inputs: fc
      .tuple(answer, fc.nat(400))
      .map(([{ bytes }, at]): Sent => ({ bytes: bytes.subarray(0, at % (bytes.length + 1)), ends: false })),
    count: 150,
    declared,
    run: (sent) => ask(DEADLINE_MS, sent),
  })
})
