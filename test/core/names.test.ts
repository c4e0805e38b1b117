// Labels may name load balancers that the configuration gives by id: their names are known once they are read.
import { expect, test } from 'vitest'
import { newServicesMemory } from '../../src/core/claims.ts'
import { NOW, PLACES, wantedBy, web } from '../support/build.ts'

const named = web({ 'slb.port.80': 'http://front:8080' })
const memory = { ...newServicesMemory(NOW), alive: new Set(['web']) }

test('a name that nobody knows yet waits, and is no problem, while a load balancer is not read', () => {
  const wanted = wantedBy([named], { places: { ...PLACES, incomplete: true }, memory })
  expect(wanted.problems).toEqual([])
  expect([...(wanted.services.get('web')?.ports.values() ?? [])][0]).toMatchObject({
    state: 'pending',
    reason: 'waiting for the load balancers to be read',
  })
})

test('afterwards it is a problem that names the label', () => {
  const wanted = wantedBy([named], { places: PLACES, memory })
  expect(wanted.problems[0]?.text).toBe('slb.port.80: load balancer front is not in SLB_ID or SLB_ALLOW')
})
