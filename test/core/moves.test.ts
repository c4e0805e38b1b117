// Rule 4: a listener that moves leaves its old place when its service really has the new one, and that will be open.
import { describe, expect, test } from 'vitest'
import {
  backendsOf,
  balancer,
  diffOf,
  listener,
  markOf,
  service,
  THREE,
  text,
  threeMembers,
  toDefault,
  web,
  webListener,
} from '../support/build.ts'

const moved = web({ 'slb.port.80': 'tcp://:9090' })
const inPlace = balancer({ members: threeMembers(), listeners: [webListener()] })

describe('a move on one load balancer leaves the old listener where it is', () => {
  test('while every node is paused: the new one cannot be created', () => {
    const nodes = THREE.map((one) => ({ ...one, availability: 'pause' as const }))
    expect(text(diffOf({ services: [moved], lb: inPlace, nodes }).plan)).toEqual([])
  })

  test('while no node could be looked up after a restart', () => {
    const backends = backendsOf(THREE, { found: new Map() })
    expect(text(diffOf({ services: [moved], lb: inPlace, backends }).plan)).toEqual([])
  })

  test('where a person closed the new one', () => {
    const closed = listener('tcp', 9090, toDefault(30000), markOf('web', '/closed'), { status: 'stopped' })
    const lb = balancer({ members: threeMembers(), listeners: [webListener(), closed] })
    expect(text(diffOf({ services: [moved], lb }).plan)).toEqual([])
  })

  test('where another service holds the new one: what could change that is news anyway, so nothing is asked again', () => {
    const api = service('api', 30005, { 'slb.port.80': 'tcp://:9090' })
    const other = listener('tcp', 9090, toDefault(30005), markOf('api'))
    const lb = balancer({ members: threeMembers(), listeners: [webListener(), other] })
    const result = diffOf({ services: [moved, api], lb })
    expect(result.recheckAt).toBeUndefined()
    expect(result.verdicts.find(({ key }) => key === 'tcp:8080')).toMatchObject({ state: 'pending', service: 'web' })
  })
})

test('a move is complete when the new one runs for its service', () => {
  const there = listener('tcp', 9090, toDefault(30000), markOf('web'))
  const lb = balancer({ members: threeMembers(), listeners: [webListener(), there] })
  expect(text(diffOf({ services: [moved], lb }).plan)).toEqual(['delete listener tcp:8080'])
})
