// What the worker of one load balancer says and hears while a pass is under way.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { backendsOf, balancer, MINUTE, NOW, node, service, THREE, threeMembers, web, webListener } from './support/build.ts'
import { healthRows } from './support/memory-provider.ts'
import { offerOf } from './support/passes.ts'
import { api, type Ground, ground, pass, turnOfLoop } from './support/worker-ground.ts'

/** A worker whose changes wait until `go`. */
function held(boxMs = 10_000): { its: Ground; reached: Promise<void>; go: () => void } {
  const gate = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const its = ground({
    lb: balancer(),
    boxMs,
    around: async (_, effect) => {
      reached.resolve()
      await gate.promise
      effect()
    },
  })
  return { its, reached: reached.promise, go: gate.resolve }
}

test('nothing is due while it runs, although its time box was over: nobody asks again and again', async () => {
  const { its, reached, go } = held(1)
  its.worker.offer(offerOf({ services: [web()] }))
  await reached
  await sleep(20)
  go()
  await its.worker.idle()
  expect(its.worker.recheckAt()).toBe(its.clock.now)
  its.worker.offer(offerOf({ services: [web()] }))
  expect(its.worker.recheckAt()).toBeUndefined()
  await its.worker.idle()
})

test('an approval that comes after it looked makes the next offer due', async () => {
  const { its, go } = held()
  its.worker.offer(offerOf({ services: [web()] }))
  await turnOfLoop()
  its.worker.poke()
  expect(its.worker.recheckAt()).toBeUndefined()
  go()
  await its.worker.idle()
  expect(its.worker.recheckAt()).toBe(its.clock.now)
  await pass(its, { services: [web()] })
  expect(its.provider.opened).toHaveLength(2)
})

test('a wish that changes and changes back ends as it was', async () => {
  const { its, go } = held()
  its.worker.offer(offerOf({ services: [web()] }))
  await turnOfLoop()
  its.worker.offer(offerOf({ services: [api()] }))
  its.worker.offer(offerOf({ services: [web()] }))
  go()
  await its.worker.idle()
  expect(its.provider.lb().listeners.map(({ key }) => key)).toEqual(['tcp:8080'])
})

test('leadership that is gained meanwhile leads to a fresh reading, whatever is offered after it', async () => {
  const gate = Promise.withResolvers<void>()
  let slow = false
  const its = ground({
    opens: async () => {
      if (slow) await gate.promise
    },
  })
  await pass(its, { services: [web()], mayWrite: false })
  slow = true
  its.worker.offer(offerOf({ services: [web()], mayWrite: false, resync: true }))
  await turnOfLoop()
  its.worker.offer(offerOf({ services: [web()], fresh: true }))
  its.worker.offer(offerOf({ services: [web(), api()] }))
  gate.resolve()
  await its.worker.idle()
  expect(its.provider.opened.map(({ members }) => members)).toEqual(['fresh', 'audit', 'fresh'])
  expect(its.provider.lb().listeners).toHaveLength(2)
})

test('wishes that change while it reads are taken into the plan: something is written however often they change', async () => {
  const its = ground({ opens: () => sleep(40) })
  for (let i = 0; i < 8; i++) {
    its.worker.offer(offerOf({ services: [web(), service('job', 31_000 + i, { 'slb.port.80': 'tcp://:7000' })] }))
    await sleep(10)
  }
  const during = its.lines()
  await its.worker.idle()
  expect(during).toContain('create listener tcp:8080 -> default group on port 30000')
})

test('the right to write that is lost while it reads is not used', async () => {
  const its = ground({ opens: () => sleep(20) })
  its.worker.offer(offerOf({ services: [web()] }))
  its.worker.offer(offerOf({ services: [web()], mayWrite: false }))
  await its.worker.idle()
  expect(its.lines()).toEqual([])
})

test('a wish that changed while health was asked for is the one that counts', async () => {
  const gate = Promise.withResolvers<void>()
  const its = ground({
    lb: balancer({ members: threeMembers(), listeners: [webListener()] }),
    health: (lb) => gate.promise.then(() => healthRows(lb)),
  })
  const down = { nodes: [node('n1', { state: 'down' }), node('n2'), node('n3')] }
  const memory = backendsOf(THREE, { now: NOW - 5 * MINUTE }).memory
  const since = backendsOf(down.nodes, { memory, now: NOW - 3 * MINUTE }).memory
  const backends = backendsOf(down.nodes, { memory: since, now: NOW })
  its.worker.offer(offerOf({ services: [web()], backends }))
  await turnOfLoop()
  its.worker.offer(offerOf({ services: [web(), api()], backends }))
  gate.resolve()
  await its.worker.idle()
  expect(its.provider.opened).toHaveLength(1)
  expect(its.lines().toSorted()).toEqual([
    'create listener tcp:9090 -> default group on port 30001',
    'set weight of i-1 to 0 (was 100) in default group',
  ])
})

test('a fault in telling what it did does not end its work', async () => {
  const broken: unknown[] = []
  const fault = new Error('the page')
  const its = ground({
    finished: () => {
      if (broken.length === 0) throw fault
    },
    broken: (error) => void broken.push(error),
  })
  await pass(its, { services: [web()] })
  expect(broken).toEqual([fault])
  await pass(its, { services: [web(), api()] })
  expect(its.provider.lb().listeners).toHaveLength(2)
})
