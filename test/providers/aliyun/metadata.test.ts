import { describe, expect, test } from 'vitest'
import { createMetadata, MetadataError } from '../../../src/providers/aliyun/metadata.ts'
import { type Asked, serve } from './support.ts'

const never = new AbortController().signal
const quick = { requestMs: 5_000, retryMs: 5, totalMs: 200 }
const session = {
  Code: 'Success',
  AccessKeyId: 'STS.NExample',
  AccessKeySecret: 'secret-of-role',
  SecurityToken: 'token-of-role',
  Expiration: '2030-01-01T06:00:00Z',
}

type Items = Record<string, string | number>
/** An instance metadata service: a number is an HTTP status. */
const imds = (items: Items, token: string | number | 'hang' = 'imds-token') =>
  serve((asked, response) => {
    if (asked.method === 'PUT') {
      if (token === 'hang') return
      response.writeHead(typeof token === 'number' ? token : 200).end(typeof token === 'string' ? token : '')
      return
    }
    const hardened = typeof token === 'string' && token !== 'hang'
    const item = items[asked.url.replace('/latest/meta-data/', '')]
    if (hardened && asked.headers['x-aliyun-ecs-metadata-token'] !== token) response.writeHead(403).end()
    else if (typeof item === 'string') response.end(item)
    else response.writeHead(item ?? 404).end('<html>no such thing')
  })

const log = (asked: readonly Asked[]) => asked.map(({ method, url }) => `${method} ${url.replace('/latest/', '')}`)

describe('instance metadata', () => {
  test('is read with a session token, asked for once', async () => {
    await using service = await imds({ 'region-id': 'cn-beijing\n', 'vpc-id': 'vpc-1', 'instance-id': 'i-1' })
    const metadata = createMetadata({ ...quick, endpoint: `${service.url}/` })
    expect(await metadata.regionId(never)).toBe('cn-beijing')
    expect(await metadata.vpcId(never)).toBe('vpc-1')
    expect(await metadata.instanceId(never)).toBe('i-1')
    expect(log(service.asked)).toEqual(['PUT api/token', 'GET meta-data/region-id', 'GET meta-data/vpc-id', 'GET meta-data/instance-id'])
    expect(service.asked[0]?.headers['x-aliyun-ecs-metadata-token-ttl-seconds']).toBe('21600')
  })

  test.each([404, 403, 500, 'hang'] as const)('is read without a token where the service answers %s for one', async (token) => {
    await using service = await imds({ 'vpc-id': 'vpc-1' }, token)
    const metadata = createMetadata({ ...quick, requestMs: token === 'hang' ? 150 : 5_000, endpoint: service.url })
    expect(await metadata.vpcId(never)).toBe('vpc-1')
    expect(await metadata.vpcId(never)).toBe('vpc-1')
    expect(log(service.asked).filter((line) => line === 'PUT api/token')).toHaveLength(1)
    expect(service.asked[1]?.headers['x-aliyun-ecs-metadata-token']).toBeUndefined()
  })

  test('asks for a new token when the old one is not accepted any more', async () => {
    let valid = 'one'
    await using service = await serve((asked, response) => {
      if (asked.method === 'PUT') response.end(valid)
      else response.writeHead(asked.headers['x-aliyun-ecs-metadata-token'] === valid ? 200 : 401).end('vpc-1')
    })
    const metadata = createMetadata({ ...quick, endpoint: service.url })
    await metadata.vpcId(never)
    valid = 'two'
    expect(await metadata.vpcId(never)).toBe('vpc-1')
  })

  test('renews the token before its six hours are over', async () => {
    let now = 0
    await using service = await imds({ 'vpc-id': 'vpc-1' })
    const metadata = createMetadata({ ...quick, endpoint: service.url, now: () => now })
    await metadata.vpcId(never)
    now = 4 * 3_600_000
    await metadata.vpcId(never)
    expect(log(service.asked).filter((line) => line === 'PUT api/token')).toHaveLength(2)
  })

  test('an item that is missing is not asked for again', async () => {
    await using service = await imds({})
    const metadata = createMetadata({ ...quick, endpoint: service.url })
    await expect(metadata.vpcId(never)).rejects.toThrow(new MetadataError('vpc-id', 'HTTP 404', 404))
    expect(service.asked).toHaveLength(2)
  })

  test('a server error is asked again, for a limited time', async () => {
    await using service = await imds({ 'vpc-id': 503 })
    const metadata = createMetadata({ ...quick, totalMs: 150, endpoint: service.url })
    await expect(metadata.vpcId(never)).rejects.toThrow('HTTP 503')
    expect(service.asked.length).toBeGreaterThan(2)
  })

  test('silence ends with the deadlines', async () => {
    await using service = await serve(() => {})
    const metadata = createMetadata({ requestMs: 30, retryMs: 5, totalMs: 60, endpoint: service.url })
    const started = performance.now()
    await expect(metadata.vpcId(never)).rejects.toThrow('no answer in time')
    expect(performance.now() - started).toBeLessThan(3_000)
  })

  test('the signal ends it at once', async () => {
    await using service = await serve(() => {})
    const metadata = createMetadata({ requestMs: 10_000, endpoint: service.url })
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('stopping')), 20)
    await expect(metadata.vpcId(stop.signal)).rejects.toThrow('stopping')
  })

  test('a call that was ended says nothing about tokens', async () => {
    const stop = new AbortController()
    await using service = await serve((asked, response, number) => {
      if (number === 1) stop.abort(new Error('stopping'))
      else response.end(asked.method === 'PUT' ? 'imds-token' : 'vpc-1')
    })
    const metadata = createMetadata({ ...quick, endpoint: service.url })
    await expect(metadata.vpcId(stop.signal)).rejects.toThrow('stopping')
    await metadata.vpcId(never)
    expect(log(service.asked)).toEqual(['PUT api/token', 'PUT api/token', 'GET meta-data/vpc-id'])
  })

  test('a page instead of a word is no answer', async () => {
    await using service = await imds({ 'vpc-id': '<html>Log in</html>' })
    const metadata = createMetadata({ ...quick, endpoint: service.url })
    await expect(metadata.vpcId(never)).rejects.toThrow('not one word')
  })
})

describe('the session of the RAM role', () => {
  const expected = {
    accessKeyId: 'STS.NExample',
    accessKeySecret: 'secret-of-role',
    securityToken: 'token-of-role',
    expiresAt: Date.UTC(2030, 0, 1, 6),
  }

  test('is found by the name of the role', async () => {
    await using service = await imds({
      'ram/security-credentials/': 'swarm-slb',
      'ram/security-credentials/swarm-slb': JSON.stringify(session),
    })
    expect(await createMetadata({ ...quick, endpoint: service.url }).roleCredentials(undefined, never)).toEqual(expected)
  })

  test('needs no search when the role is named', async () => {
    await using service = await imds({ 'ram/security-credentials/named': JSON.stringify(session) })
    expect(await createMetadata({ ...quick, endpoint: service.url }).roleCredentials('named', never)).toEqual(expected)
  })

  test('says so when the instance has none', async () => {
    await using service = await imds({})
    const metadata = createMetadata({ ...quick, endpoint: service.url })
    await expect(metadata.roleCredentials(undefined, never)).rejects.toThrow('no RAM role is attached')
  })

  test.each([
    ['a failure', { ...session, Code: 'Failed' }],
    ['a missing key', { ...session, AccessKeySecret: '' }],
    ['a date that is none', { ...session, Expiration: 'tomorrow' }],
  ])('%s is an error that does not quote the answer', async (_, answer) => {
    await using service = await imds({ 'ram/security-credentials/r': JSON.stringify(answer) })
    const error = await createMetadata({ ...quick, endpoint: service.url })
      .roleCredentials('r', never)
      .catch((one: unknown) => one)
    expect(error).toBeInstanceOf(MetadataError)
    expect(String(error)).not.toMatch(/secret-of-role|token-of-role/)
  })
})
