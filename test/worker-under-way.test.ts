// What the worker of one load balancer says and hears while a pass is under way.
import { expect, test } from 'vitest'
import { balancer, web } from './support/build.ts'
import { offerOf } from './support/passes.ts'
import { api, type Ground, ground, pass, turnOfLoop } from './support/worker-ground.ts'

/** A worker whose changes wait until `go`. */
function held(boxMs = 10_000): { its: Ground; go: () => void } {
  const gate = Promise.withResolvers<void>()
  const its = ground({
    lb: balancer(),
    boxMs,
    around: async (_, effect) => {
      await gate.promise
      effect()
    },
  })
  return { its, go: gate.resolve }
}

test('nothing is due while it runs, although its time box was over: nobody asks again and again', async () => {
  const { its, go } = held(1)
  its.worker.offer(offerOf({ services: [web()] }))
  await new Promise((resolve) => setTimeout(resolve, 20))
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
