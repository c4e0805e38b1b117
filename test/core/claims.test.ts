// What is remembered of services, and why a port cannot be placed.
import { expect, test } from 'vitest'
import { newServicesMemory } from '../../src/core/claims.ts'
import { MINUTE, NOW, service, wantedBy, web } from '../support/build.ts'

test('a service that Swarm has not settled claims nothing, whatever ports it is said to have', () => {
  const wanted = wantedBy([web({}, { settled: false })])
  expect(wanted.claims).toEqual([])
  expect(wanted.nodePorts.size).toBe(0)
  expect(wanted.services.get('web')?.ports.get('80-tcp')).toMatchObject({
    state: 'pending',
    reason: 'waiting for Swarm to allocate the port',
  })
})

test('names of services that are long gone are forgotten', () => {
  let memory = newServicesMemory(0)
  for (let hour = 0; hour < 200; hour++)
    memory = wantedBy([service(`job-${hour}`, 30000)], { memory, now: NOW + hour * 60 * MINUTE }).memory
  expect(memory.alive.size).toBeLessThan(30)
})

test('of two services of the same age the smaller id is the older one', () => {
  const [a, b] = ['a', 'b'].map((name) => service(name, 30000, { 'slb.port.80': 'tcp://:8080' }, { id: `id-${name}` }))
  const names = (...given: (typeof a)[]) => wantedBy(given.flatMap((one) => one ?? [])).claims.map((claim) => claim.service)
  expect([names(a, b), names(b, a)]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ])
})

test('a service that returns within the grace is not missing any more', () => {
  const gone = wantedBy([], { memory: wantedBy([web()]).memory, now: NOW + 1000 })
  expect(gone.memory.missingSince.get('web')).toBe(NOW + 1000)
  expect(wantedBy([web()], { memory: gone.memory }).memory.missingSince.size).toBe(0)
})

test('where the default load balancer could not be looked up, that is the reason, not the configuration', () => {
  const places = { fallback: undefined, byRef: new Map(), problems: new Map() }
  const text = (over: object) => wantedBy([web()], { places: { ...places, ...over } }).problems[0]?.text
  expect(text({})).toBe('slb.port.80: no default load balancer: set SLB_ID')
  const failed = 'load balancer front could not be looked up: timeout'
  expect(text({ fallbackProblem: failed })).toBe(`slb.port.80: ${failed}`)
})
