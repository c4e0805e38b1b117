import { describe, expect, test } from 'vitest'
import type { RpcEvent } from '../../../src/providers/aliyun/rpc.ts'
import { CREDENTIALS, failureOf, ok, REQUEST_ID, reading, refuse, serve, testRpc, writing } from './support.ts'

describe('a call', () => {
  test('is a POST with every parameter in the body, signed, with the region and our name', async () => {
    await using cloud = await serve((_, response) => ok(response))
    const rpc = testRpc(cloud.url)
    await rpc('AddTags', { Tag: [{ Key: 'a', Value: 'b' }], healthCheckInterval: 5, Left: undefined }, writing())
    rpc.close()
    const [asked] = cloud.asked
    expect(asked).toMatchObject({ method: 'POST', url: '/' })
    expect(asked?.headers['user-agent']).toMatch(/^AlibabaCloud .* swarm-slb\/test \(node-1\)$/)
    expect(Object.fromEntries(asked?.form ?? [])).toMatchObject({
      Action: 'AddTags',
      Version: '2014-05-15',
      RegionId: 'cn-test',
      'Tag.1.Key': 'a',
      'Tag.1.Value': 'b',
      healthCheckInterval: '5',
      AccessKeyId: CREDENTIALS.accessKeyId,
      SecurityToken: CREDENTIALS.securityToken,
      Signature: expect.stringMatching(/=$/),
    })
    expect(asked?.form.has('Left')).toBe(false)
  })

  test('answers with plain JSON: no null prototypes, no big-number objects', async () => {
    await using cloud = await serve((_, response) => {
      response.end(`{"RequestId":"${REQUEST_ID}","OrderId":1234567890123456789,"Tags":{"Tag":[{"TagKey":"k"}]}}`)
    })
    const rpc = testRpc(cloud.url)
    const reply = await rpc('DescribeTags', {}, reading())
    rpc.close()
    expect(reply).toStrictEqual({
      requestId: REQUEST_ID,
      body: { RequestId: REQUEST_ID, OrderId: '1234567890123456789', Tags: { Tag: [{ TagKey: 'k' }] } },
    })
  })

  test('reuses its connection, and closes it when idle', async () => {
    await using cloud = await serve((_, response) => ok(response))
    const rpc = testRpc(cloud.url)
    for (let i = 0; i < 5; i += 1) await rpc('DescribeTags', {}, reading())
    expect(cloud.connections()).toBe(1)
    await expect.poll(() => cloud.open(), { timeout: 3_000, interval: 10 }).toBe(0)
    await rpc('DescribeTags', {}, reading())
    rpc.close()
    expect(cloud.connections()).toBe(2)
  })

  test('has at most 32 requests on the wire', async () => {
    const held: (() => void)[] = []
    let holding = true
    await using cloud = await serve((_, response) => (holding ? void held.push(() => ok(response)) : ok(response)))
    const rpc = testRpc(cloud.url)
    const calls = Array.from({ length: 40 }, () => rpc('DescribeTags', {}, reading()))
    await expect.poll(() => held.length, { interval: 5, timeout: 3_000 }).toBe(32)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(held).toHaveLength(32)
    holding = false
    for (const release of held) release()
    await Promise.all(calls)
    rpc.close()
  })

  test('takes new credentials with the next call', async () => {
    await using cloud = await serve((_, response) => ok(response))
    const keys = ['key-1', 'key-2']
    const rpc = testRpc(cloud.url, { credentials: async () => ({ accessKeyId: keys.shift() ?? '', accessKeySecret: 'secret' }) })
    await rpc('DescribeTags', {}, reading())
    await rpc('DescribeTags', {}, reading())
    rpc.close()
    expect(cloud.asked.map(({ form }) => form.get('AccessKeyId'))).toEqual(['key-1', 'key-2'])
    expect(cloud.asked.some(({ form }) => form.has('SecurityToken'))).toBe(false)
  })
})

describe('repeating in place', () => {
  test.each([
    { code: 'ServiceIsConfiguring', status: 400 },
    { code: 'BackendServer.configuring', status: 409 },
    { code: 'SystemBusy', status: 449 },
    { code: 'Throttling.User', status: 400 },
    { code: 'SignatureNonceUsed', status: 400 },
  ])('a write waits for $code to pass, with a fresh nonce each time', async ({ code, status }) => {
    await using cloud = await serve((_, response, number) => (number < 4 ? refuse(response, status, code) : ok(response)))
    const rpc = testRpc(cloud.url)
    await expect(rpc('AddBackendServers', {}, writing())).resolves.toMatchObject({ requestId: REQUEST_ID })
    rpc.close()
    expect(cloud.asked).toHaveLength(4)
    expect(new Set(cloud.asked.map(({ form }) => form.get('SignatureNonce'))).size).toBe(4)
  })

  test('ends as refused when the time for waits is over', async () => {
    await using cloud = await serve((_, response) => refuse(response, 400, 'OperationBusy'))
    const rpc = testRpc(cloud.url, { waits: { firstMs: 10, maxMs: 20, totalMs: 80 } })
    const started = performance.now()
    const failure = await failureOf(rpc('AddBackendServers', {}, writing()))
    rpc.close()
    expect(failure).toMatchObject({ status: 'refused', code: 'OperationBusy', httpStatus: 400, requestId: REQUEST_ID })
    expect(performance.now() - started).toBeGreaterThan(60)
    expect(performance.now() - started).toBeLessThan(1_500)
    expect(cloud.asked.length).toBeGreaterThan(1)
  })

  test('waits double, and are never shorter than half', async () => {
    const at: number[] = []
    await using cloud = await serve((_, response) => {
      at.push(performance.now())
      refuse(response, 400, 'OperationBusy')
    })
    const rpc = testRpc(cloud.url, { waits: { firstMs: 20, maxMs: 60_000, totalMs: 300 } })
    await failureOf(rpc('AddBackendServers', {}, writing()))
    rpc.close()
    const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0))
    const least = [10, 20, 40]
    for (const [i, gap] of gaps.slice(0, 3).entries()) expect(gap).toBeGreaterThan((least[i] ?? 0) - 2)
    expect(gaps.length).toBeGreaterThan(1)
  })

  test('waits have a limit', async () => {
    await using cloud = await serve((_, response) => refuse(response, 400, 'OperationBusy'))
    const rpc = testRpc(cloud.url, { waits: { firstMs: 60_000, maxMs: 10, totalMs: 300 } })
    await failureOf(rpc('AddBackendServers', {}, writing()))
    rpc.close()
    expect(cloud.asked.length).toBeGreaterThan(2)
  })

  test('a read is repeated three times when the outcome is unknown', async () => {
    await using cloud = await serve((_, response) => refuse(response, 500, 'InternalError'))
    const rpc = testRpc(cloud.url)
    expect(await failureOf(rpc('DescribeTags', {}, reading()))).toMatchObject({ status: 'unknown', code: 'InternalError', httpStatus: 500 })
    rpc.close()
    expect(cloud.asked).toHaveLength(4)
  })

  test('a write with an unknown outcome is not repeated', async () => {
    await using cloud = await serve((_, response) => refuse(response, 503, 'ServiceUnavailable'))
    const rpc = testRpc(cloud.url)
    expect(await failureOf(rpc('CreateVServerGroup', {}, writing()))).toMatchObject({ status: 'unknown', code: 'ServiceUnavailable' })
    rpc.close()
    expect(cloud.asked).toHaveLength(1)
  })

  test.each(['InvalidTimeStamp.Expired', 'Forbidden.RAM', 'ListenerAlreadyExists', 'RspoolVipExist'])(
    '%s is not repeated',
    async (code) => {
      await using cloud = await serve((_, response) => refuse(response, 400, code))
      const rpc = testRpc(cloud.url)
      expect(await failureOf(rpc('AddTags', {}, writing()))).toMatchObject({ status: 'failed', code })
      expect(await failureOf(rpc('DescribeTags', {}, reading()))).toMatchObject({ status: 'failed', code })
      rpc.close()
      expect(cloud.asked).toHaveLength(2)
    },
  )

  test('credentials that are not accepted are dropped, and the call is repeated once', async () => {
    await using cloud = await serve((asked, response) =>
      asked.form.get('AccessKeyId') === 'old' ? refuse(response, 400, 'InvalidSecurityToken.Expired') : ok(response),
    )
    let current = 'old'
    const rpc = testRpc(cloud.url, {
      credentials: async () => ({ accessKeyId: current, accessKeySecret: 'secret' }),
      dropCredentials: ({ accessKeyId }) => {
        if (accessKeyId === current) current = 'new'
      },
    })
    await rpc('AddTags', {}, writing())
    expect(cloud.asked).toHaveLength(2)
    current = 'old'
    const stuck = testRpc(cloud.url, { credentials: async () => ({ accessKeyId: 'old', accessKeySecret: 'secret' }) })
    expect(await failureOf(stuck('AddTags', {}, writing()))).toMatchObject({ status: 'failed', code: 'InvalidSecurityToken.Expired' })
    rpc.close()
    stuck.close()
    expect(cloud.asked).toHaveLength(4)
  })

  test('busy answers are told to the caller, throttled ones to the bucket', async () => {
    await using cloud = await serve((_, response, number) =>
      number === 1 ? refuse(response, 400, 'VServerGroupProcessing') : number === 2 ? refuse(response, 400, 'Throttling') : ok(response),
    )
    const busy: string[] = []
    const throttled: string[] = []
    const rpc = testRpc(cloud.url, { buckets: { take: async () => {}, throttled: (action) => void throttled.push(action) } })
    await rpc('AddTags', {}, writing({ onBusy: (code) => void busy.push(code) }))
    rpc.close()
    expect(busy).toEqual(['VServerGroupProcessing'])
    expect(throttled).toEqual(['AddTags'])
  })
})

test('every attempt is reported once, with what came of it', async () => {
  await using cloud = await serve((_, response, number) => (number === 1 ? refuse(response, 400, 'OperationBusy') : ok(response)))
  const events: RpcEvent[] = []
  const rpc = testRpc(cloud.url, { observe: (event) => void events.push(event) })
  await rpc('AddTags', {}, writing({ share: 'lb-1' }))
  rpc.close()
  const both = { product: 'slb', action: 'AddTags', kind: 'write', share: 'lb-1', ms: expect.any(Number), requestId: REQUEST_ID }
  expect(events).toEqual([
    { ...both, attempt: 1, code: 'OperationBusy', httpStatus: 400 },
    { ...both, attempt: 2, code: 'OK', httpStatus: 200 },
  ])
})
