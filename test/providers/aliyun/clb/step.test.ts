import { expect, test } from 'vitest'
import { createLimiter } from '../../../../src/providers/aliyun/clb/limiter.ts'
import { createStep } from '../../../../src/providers/aliyun/clb/step.ts'
import { WIDTH_RULES } from '../../../../src/providers/aliyun/clb/width.ts'
import { ok, refuse, serve, testRpc } from '../support.ts'
import { failureOf, turn } from './support.ts'

const limiterOf = (start: number) => createLimiter({ now: Date.now, rules: { ...WIDTH_RULES, start } })
const ends = (signal: AbortSignal) => new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

test('writes that wait for the rate of their action hold no place, so that other actions go on', async () => {
  await using cloud = await serve((_, response) => ok(response))
  const spent = {
    take: async (action: string, _: string, __: object, signal: AbortSignal) => (action === 'Spent' ? ends(signal) : undefined),
  }
  const rpc = testRpc(cloud.url, { buckets: { ...spent, throttled: () => {} } })
  const stop = new AbortController()
  const limiter = limiterOf(1)
  const step = (begin: AbortSignal) => createStep({ rpc, limiter, share: 'lb-1', turn: { ...turn, begin }, insistMs: [] })
  const waiting = failureOf(step(stop.signal).write('Spent', {}))
  await step(turn.begin).write('Other', {})
  expect(cloud.asked.map(({ form }) => form.get('Action'))).toEqual(['Other'])
  stop.abort()
  expect(await waiting).toMatchObject({ status: 'pending' })
  rpc.close()
})

test('a busy answer narrows the way for the load balancer, and the call is repeated in its place', async () => {
  await using cloud = await serve((_, response, number) => (number <= 2 ? refuse(response, 400, 'ServiceIsConfiguring') : ok(response)))
  const rpc = testRpc(cloud.url)
  const limiter = limiterOf(2)
  const write = () => createStep({ rpc, limiter, share: 'lb-1', turn, insistMs: [] }).write('Any', {})
  await Promise.all([write(), write()])
  expect(limiter.width).toBe(1)
  expect(cloud.asked).toHaveLength(4)
  rpc.close()
})
