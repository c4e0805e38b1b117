// Several load balancers, each with its worker: what one sees of another.
import { expect, test } from 'vitest'
import { describeChange } from '../src/core/describe.ts'
import type { ActualListener, Service } from '../src/core/model.ts'
import { createWorker } from '../src/worker.ts'
import { balancer, listener, markOf, NOW, port, service, threeMembers, toDefault, web, webListener } from './support/build.ts'
import { memoryProvider } from './support/memory-provider.ts'
import { offerOf, sharedBy } from './support/passes.ts'
import { api } from './support/worker-ground.ts'

const never = new AbortController().signal

/** Two load balancers: web's listener is on the first one, the second one has these. */
function two(...there: readonly ActualListener[]) {
  const provider = memoryProvider([
    balancer({ members: threeMembers(), listeners: [webListener()] }),
    balancer({ id: 'lb-2', name: 'back', members: threeMembers(), listeners: there }),
  ])
  const shared = sharedBy('lb-1', 'lb-2')
  const quiet = { finished: () => {}, applied: () => {}, failed: () => {}, broken: () => {} }
  const worker = (id: string) => createWorker({ id, provider, shared, boxMs: 10_000, now: () => NOW, stop: never, giveUp: never, ...quiet })
  const workers = new Map(['lb-1', 'lb-2'].map((id) => [id, worker(id)]))
  const pass = async (id: string, ...services: readonly Service[]) => {
    workers.get(id)?.offer(offerOf({ services }, id))
    await workers.get(id)?.idle()
  }
  return { provider, pass, lines: () => provider.written.map(({ id, change }) => `${id} ${describeChange(change)}`) }
}

const moved = web({ 'slb.port.80': 'tcp://lb-2:8080' })

test('a service that moves keeps its old listener while another service holds the new place', async () => {
  const { pass, lines } = two(listener('tcp', 8080, toDefault(30001), markOf('api')))
  const holder = api({ 'slb.port.80': 'tcp://lb-2:8080' })
  await pass('lb-2', moved, holder)
  await pass('lb-1', moved, holder)
  expect(lines().filter((line) => line.startsWith('lb-1'))).toEqual([])
})

test('and lets go of it once its own listener runs there', async () => {
  const { pass, lines } = two()
  await pass('lb-1', moved)
  expect(lines()).toEqual([])
  await pass('lb-2', moved)
  await pass('lb-1', moved, api({ 'slb.port.80': 'tcp://:9090' }))
  expect(lines()).toContain('lb-2 create listener tcp:8080 -> default group on port 30000')
  expect(lines().at(-1)).toBe('lb-1 delete listener tcp:8080')
})

test('also where it was only started there', async () => {
  const { pass, lines } = two(listener('tcp', 8080, toDefault(30000), markOf('web'), { status: 'stopped' }))
  await pass('lb-2', moved)
  await pass('lb-1', moved)
  expect(lines()).toEqual(['lb-2 start listener tcp:8080', 'lb-1 delete listener tcp:8080'])
})

test('but not where a person closed it there', async () => {
  const { pass, lines } = two(listener('tcp', 8080, toDefault(30000), markOf('web', '/closed'), { status: 'stopped' }))
  await pass('lb-2', moved)
  await pass('lb-1', moved)
  expect(lines()).toEqual([])
})

test('nor where what runs there serves another port of it', async () => {
  const { pass, lines } = two(listener('tcp', 8080, toDefault(30001), 'swarm-slb/me/web/443-tcp'))
  const ports = [port(30000), port(30001, { target: 443 })]
  const both = service('web', undefined, { 'slb.port.80': 'tcp://lb-2:8080', 'slb.port.443': 'tcp://lb-2:8080' }, { ports })
  await pass('lb-2', both)
  await pass('lb-1', both)
  expect(lines()).toEqual([])
})

test('nor where it was deleted a moment ago, although the last reading still shows it there', async () => {
  const { pass, lines } = two()
  // lb-2 is read, gets its listener, and is read no more before that is withdrawn again.
  const both = web({ 'slb.port.80': 'tcp://:8080;tcp://lb-2:8080' })
  await pass('lb-1', both)
  await pass('lb-2', both)
  await pass('lb-2', web())
  expect(lines().at(-1)).toBe('lb-2 delete listener tcp:8080')
  await pass('lb-1', moved)
  expect(lines().filter((line) => line.startsWith('lb-1'))).toEqual([])
})
