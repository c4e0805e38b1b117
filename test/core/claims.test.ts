// What is remembered of services, and why a port cannot be placed.
import { expect, test } from 'vitest'
import { newServicesMemory } from '../../src/core/claims.ts'
import { MINUTE, NOW, service, wantedBy, web } from '../support/build.ts'

test('names of services that are long gone are forgotten', () => {
  let memory = newServicesMemory(0)
  for (let hour = 0; hour < 200; hour++)
    memory = wantedBy([service(`job-${hour}`, 30000)], { memory, now: NOW + hour * 60 * MINUTE }).memory
  expect(memory.alive.size).toBeLessThan(30)
})

test('a service that returns within the grace is not missing any more', () => {
  const gone = wantedBy([], { memory: wantedBy([web()]).memory, now: NOW + 1000 })
  expect(gone.memory.missingSince.get('web')).toBe(NOW + 1000)
  expect(wantedBy([web()], { memory: gone.memory }).memory.missingSince.size).toBe(0)
})

test('where the default load balancer could not be looked up, that is the reason, not the configuration', () => {
  const places = { fallback: undefined, byRef: new Map(), problems: new Map() }
  const text = (over: object) => wantedBy([web()], { places: { ...places, ...over } }).problems[0]?.text
  expect(text({})).toBe('no default load balancer: set SLB_ID')
  const failed = 'load balancer front could not be looked up: timeout'
  expect(text({ fallbackProblem: failed })).toBe(failed)
})
