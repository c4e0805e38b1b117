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
    const rpc = testRpc(cloud.url, { timeouts: { requestMs: 250, idleMs: 60 } })
    for (let i = 0; i < 5; i += 1) await rpc('DescribeTags', {}, reading())
    expect(cloud.connections()).toBe(1)
    await expect.poll(() => cloud.open(), { timeout: 1_000, interval: 10 }).toBe(0)
    await rpc('DescribeTags', {}, reading())
    rpc.close()
    expect(cloud.connections()).toBe(2)
  })

  test('has at most ten requests on the wire', async () => {
    let now = 0
    let most = 0
    await using cloud = await serve(async (_, response) => {
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => setTimeout(resolve, 5))
      now -= 1
      ok(response)
    })
    const rpc = testRpc(cloud.url)
    await Promise.all(Array.from({ length: 40 }, () => rpc('DescribeTags', {}, reading())))
    rpc.close()
    expect(most).toBe(10)
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
    expect(cloud.asked.length).toBeGreaterThan(3)
  })

  test('waits double up to their limit and are never shorter than half', async () => {
    const at: number[] = []
    await using cloud = await serve((_, response) => {
      at.push(performance.now())
      refuse(response, 400, 'OperationBusy')
    })
    const rpc = testRpc(cloud.url, { waits: { firstMs: 20, maxMs: 60, totalMs: 250 } })
    await failureOf(rpc('AddBackendServers', {}, writing()))
    rpc.close()
    const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0))
    const least = [10, 20, 30, 30]
    for (const [i, gap] of gaps.slice(0, 4).entries()) expect(gap).toBeGreaterThan((least[i] ?? 0) - 2)
    expect(Math.max(...gaps.slice(0, 4))).toBeLessThan(60 + 40)
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

  test.each(['InvalidTimeStamp.Expired', 'Forbidden.RAM', 'ListenerAlreadyExists', 'RspoolVipExist'])('%s is not repeated', async (code) => {
    await using cloud = await serve((_, response) => refuse(response, 400, code))
    const rpc = testRpc(cloud.url)
    expect(await failureOf(rpc('AddTags', {}, writing()))).toMatchObject({ status: 'failed', code })
    expect(await failureOf(rpc('DescribeTags', {}, reading()))).toMatchObject({ status: 'failed', code })
    rpc.close()
    expect(cloud.asked).toHaveLength(2)
  })

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

describe('giving up', () => {
  test('a call whose signal has ended before is pending and sends nothing', async () => {
    await using cloud = await serve((_, response) => ok(response))
    const rpc = testRpc(cloud.url)
    const failure = await failureOf(rpc('AddTags', {}, writing({ signal: AbortSignal.abort() })))
    rpc.close()
    expect(failure).toMatchObject({ status: 'pending', code: 'Aborted' })
    expect(cloud.asked).toHaveLength(0)
  })

  test('the signal ends the wait between attempts at once', async () => {
    const stop = new AbortController()
    await using cloud = await serve((_, response) => refuse(response, 400, 'OperationBusy'))
    const rpc = testRpc(cloud.url, { waits: { firstMs: 5_000, maxMs: 5_000, totalMs: 60_000 } })
    setTimeout(() => stop.abort(), 50)
    const started = performance.now()
    const failure = await failureOf(rpc('AddTags', {}, writing({ signal: stop.signal })))
    rpc.close()
    expect(failure).toMatchObject({ status: 'pending', message: expect.stringContaining('OperationBusy') })
    expect(performance.now() - started).toBeLessThan(300)
  })

  test('the signal ends the wait for a token', async () => {
    const stop = new AbortController()
    await using cloud = await serve((_, response) => ok(response))
    const never = { take: (_: string, __: string, ___: object, signal: AbortSignal) => blocked(signal), throttled: () => {} }
    const rpc = testRpc(cloud.url, { buckets: never })
    setTimeout(() => stop.abort(), 10)
    expect(await failureOf(rpc('AddTags', {}, writing({ signal: stop.signal })))).toMatchObject({ status: 'pending' })
    rpc.close()
    expect(cloud.asked).toHaveLength(0)
  })

  test('a request on the wire finishes, and its answer counts', async () => {
    const stop = new AbortController()
    await using cloud = await serve((_, response) => {
      stop.abort()
      setTimeout(() => ok(response), 20)
    })
    const rpc = testRpc(cloud.url)
    await expect(rpc('AddTags', {}, writing({ signal: stop.signal }))).resolves.toMatchObject({ requestId: REQUEST_ID })
    rpc.close()
  })

  test.each([
    { name: 'no', code: 'Forbidden.RAM', status: 403, outcome: 'failed' },
    { name: 'no certain outcome', code: 'InternalError', status: 500, outcome: 'unknown' },
    { name: 'not now', code: 'OperationBusy', status: 400, outcome: 'pending' },
  ])('a write that was on the wire when the signal ended, and met $name, is $outcome', async ({ code, status, outcome }) => {
    const stop = new AbortController()
    await using cloud = await serve((_, response) => {
      stop.abort()
      setTimeout(() => refuse(response, status, code), 20)
    })
    const rpc = testRpc(cloud.url)
    expect(await failureOf(rpc('AddTags', {}, writing({ signal: stop.signal })))).toMatchObject({ status: outcome })
    rpc.close()
    expect(cloud.asked).toHaveLength(1)
  })
})

describe('leadership', () => {
  test('is asked before every attempt of a write, and ends the call when it is lost', async () => {
    await using cloud = await serve((_, response) => refuse(response, 400, 'OperationBusy'))
    const answers = [true, true, false]
    const rpc = testRpc(cloud.url, { mayWrite: async () => answers.shift() ?? false })
    expect(await failureOf(rpc('AddTags', {}, writing()))).toMatchObject({ status: 'pending', code: 'NotLeader' })
    rpc.close()
    expect(cloud.asked).toHaveLength(2)
  })

  test('that cannot be told is no leadership', async () => {
    await using cloud = await serve((_, response) => ok(response))
    const rpc = testRpc(cloud.url, { mayWrite: () => Promise.reject(new Error('engine is away')) })
    expect(await failureOf(rpc('AddTags', {}, writing()))).toMatchObject({ status: 'pending', code: 'NotLeader' })
    expect(cloud.asked).toHaveLength(0)
    rpc.close()
  })

  test('does not matter to a read', async () => {
    await using cloud = await serve((_, response) => ok(response))
    const rpc = testRpc(cloud.url, { mayWrite: async () => false })
    await expect(rpc('DescribeTags', {}, reading())).resolves.toBeDefined()
    rpc.close()
  })

  test('is asked after the wait for a free lane, not before', async () => {
    const release: (() => void)[] = []
    await using cloud = await serve((asked, response) => {
      if (asked.form.get('Action') === 'Slow') release.push(() => ok(response))
      else ok(response)
    })
    let leader = true
    const rpc = testRpc(cloud.url, { mayWrite: async () => leader })
    const slow = Array.from({ length: 10 }, () => rpc('Slow', {}, reading()))
    await expect.poll(() => release.length, { interval: 5 }).toBe(10)
    const write = failureOf(rpc('AddTags', {}, writing()))
    leader = false
    for (const one of release) one()
    expect(await write).toMatchObject({ code: 'NotLeader' })
    await Promise.all(slow)
    rpc.close()
  })
})

test('every attempt is reported once, with what came of it', async () => {
  await using cloud = await serve((_, response, number) => (number === 1 ? refuse(response, 400, 'OperationBusy') : ok(response)))
  const events: RpcEvent[] = []
  const rpc = testRpc(cloud.url, { observe: (event) => void events.push(event) })
  await rpc('AddTags', {}, writing({ share: 'lb-1' }))
  rpc.close()
  const both = { action: 'AddTags', kind: 'write', share: 'lb-1', ms: expect.any(Number), requestId: REQUEST_ID }
  expect(events).toEqual([
    { ...both, attempt: 1, code: 'OperationBusy', httpStatus: 400 },
    { ...both, attempt: 2, code: 'OK', httpStatus: 200 },
  ])
})

const blocked = (signal: AbortSignal) => new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
