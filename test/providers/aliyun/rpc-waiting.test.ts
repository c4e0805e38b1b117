import { describe, expect, test } from 'vitest'
import { failureOf, ok, REQUEST_ID, reading, refuse, serve, testRpc, writing } from './support.ts'

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
    expect(performance.now() - started).toBeLessThan(3_000)
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

  test('that is there does not matter when the time is over before the question is answered', async () => {
    const stop = new AbortController()
    await using cloud = await serve((_, response) => ok(response))
    const mayWrite = async () => {
      stop.abort()
      return true
    }
    const rpc = testRpc(cloud.url, { mayWrite })
    expect(await failureOf(rpc('AddTags', {}, writing({ signal: stop.signal })))).toMatchObject({ status: 'pending', code: 'Aborted' })
    rpc.close()
    expect(cloud.asked).toHaveLength(0)
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

const blocked = (signal: AbortSignal) => new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
