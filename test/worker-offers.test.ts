// What a worker is offered while it works: the last wish counts, and nothing that was asked for is forgotten.
import { expect, test } from 'vitest'
import { web } from './support/build.ts'
import { callError } from './support/memory-provider.ts'
import { offerOf } from './support/passes.ts'
import { api, ground, pass, turnOfLoop } from './support/worker-ground.ts'

test('of three wishes during a pass the last counts, also where it is the first again', async () => {
  const gate = Promise.withResolvers<void>()
  const its = ground({
    around: async (change, effect) => {
      if (change.kind === 'addBackends') await gate.promise
      effect()
    },
  })
  its.worker.offer(offerOf({ services: [web()] }))
  await turnOfLoop()
  its.worker.offer(offerOf({ services: [api()] }))
  its.worker.offer(offerOf({ services: [web()] }))
  gate.resolve()
  await its.worker.idle()
  expect(its.provider.lb().listeners.map(({ key }) => key)).toEqual(['tcp:8080'])
})

test('a full reading that waits is not forgotten for a later offer that needs none', async () => {
  const gate = Promise.withResolvers<void>()
  let slow = false
  const its = ground({
    opens: async () => {
      if (slow) await gate.promise
    },
  })
  its.worker.offer(offerOf({ services: [web()], mayWrite: false }))
  await its.worker.idle()
  slow = true
  its.worker.offer(offerOf({ services: [web()], mayWrite: false, resync: true }))
  await turnOfLoop()
  its.worker.offer(offerOf({ services: [web()], fresh: true }))
  its.worker.offer(offerOf({ services: [web()] }))
  gate.resolve()
  await its.worker.idle()
  expect(its.provider.opened.map(({ members }) => members)).toEqual(['fresh', 'audit', 'fresh'])
})

test('a full reading that failed is tried again as one', async () => {
  let broken = false
  const its = ground({
    opens: () => {
      if (broken) throw callError('unknown')
    },
  })
  its.worker.offer(offerOf({ services: [web()], mayWrite: false }))
  await its.worker.idle()
  broken = true
  its.worker.offer(offerOf({ services: [web()], fresh: true }))
  await its.worker.idle()
  broken = false
  its.clock.now += 200
  its.worker.offer(offerOf({ services: [web()] }))
  await its.worker.idle()
  expect(its.provider.opened.map(({ members }) => members)).toEqual(['fresh', 'fresh', 'fresh'])
})

test('an approval during a pass brings another look after it', async () => {
  const gate = Promise.withResolvers<void>()
  let slow = false
  const its = ground({
    opens: async () => {
      if (slow) await gate.promise
    },
  })
  its.worker.offer(offerOf({ services: [web()] }))
  await its.worker.idle()
  slow = true
  its.worker.offer(offerOf({ services: [web()], resync: true }))
  await turnOfLoop()
  its.worker.poke()
  its.worker.offer(offerOf({ services: [web()] }))
  gate.resolve()
  await its.worker.idle()
  its.worker.offer(offerOf({ services: [web()] }))
  await its.worker.idle()
  expect(its.provider.opened).toHaveLength(3)
})

test('while a pass runs that was due, it asks for no other', async () => {
  const gate = Promise.withResolvers<void>()
  let broken = true
  const its = ground({
    opens: async () => {
      if (broken) throw callError('failed')
      await gate.promise
    },
  })
  its.worker.offer(offerOf({ services: [web()] }))
  await its.worker.idle()
  broken = false
  its.clock.now += 200
  its.worker.offer(offerOf({ services: [web()] }))
  its.clock.now += 1
  expect(its.worker.recheckAt() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(its.clock.now)
  gate.resolve()
  await its.worker.idle()
})

test('a change that a stop lets finish is not cut by the end of its box', async () => {
  let waits: boolean | undefined
  const its = ground({
    boxMs: 40,
    around: async (_, effect, turn) => {
      await new Promise((resolve) => setTimeout(resolve, 80))
      waits = !turn.wait.aborted
      effect()
    },
  })
  its.worker.offer(offerOf({ services: [web()] }))
  await turnOfLoop()
  its.stop.abort()
  await its.worker.idle()
  expect(waits).toBe(true)
})

test('what is offered while the end of a pass is told is done before it is idle', async () => {
  let again: (() => void) | undefined
  const its = ground({ finished: () => again?.() })
  again = () => {
    again = undefined
    its.worker.offer(offerOf({ services: [web(), api()] }))
  }
  await pass(its, { services: [web()] })
  expect(its.lines().filter((line) => line.startsWith('create listener'))).toEqual([
    expect.stringContaining('tcp:8080'),
    expect.stringContaining('tcp:9090'),
  ])
})
