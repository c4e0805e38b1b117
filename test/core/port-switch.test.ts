// Rule 6: from an old node port to a new one without dropping what Swarm still serves, and never to a group without members.
import { describe, expect, test } from 'vitest'
import { foldHealth } from '../../src/core/health.ts'
import type { Change, Member, Plan } from '../../src/core/model.ts'
import {
  backendsOf,
  balancer,
  diffOf,
  group,
  healthOf,
  kinds,
  listener,
  markOf,
  member,
  newPorts,
  port,
  remembers,
  service,
  THREE,
  text,
  threeMembers,
  toDefault,
  toGroup,
  wantedBy,
  web,
  webListener,
} from '../support/build.ts'

const inPlace = balancer({ members: threeMembers(), listeners: [webListener()] })
const moved = web({}, { ports: [port(30001)] })
const young = service('young', 30001, { 'slb.port.80': 'tcp://:8080' })
const youngOnly = wantedBy([young], { memory: remembers(['web', 'young'], { web: 0 }) })
const nobodyFound = backendsOf(THREE, { found: new Map() })
const onOwnGroup = (members: readonly Member[]) =>
  balancer({
    groups: [group('rsp-1', markOf('web'), members, { listeners: ['tcp:8080'] })],
    listeners: [webListener({ target: toGroup('rsp-1') })],
  })

/** Weights that are left once the plan is done. */
function weightsAfter(members: readonly Member[], plan: Plan): number[] {
  const left = new Map(members.map((one) => [`${one.server}:${one.port}`, one.weight]))
  const carryOut = (change: Change) => {
    if (change.kind === 'setWeights') for (const one of change.members) left.set(`${one.server}:${one.port}`, one.weight)
    if (change.kind === 'removeBackends') for (const one of change.members) left.delete(`${one.server}:${one.port}`)
  }
  for (const { changes } of plan) changes.forEach(carryOut)
  return [...left.values()]
}

describe('after a restart, while no node could be looked up', () => {
  test('a listener on the default group is not switched to a group that would be empty', () => {
    expect(text(diffOf({ services: [moved], lb: inPlace, backends: nobodyFound }).plan)).toEqual([])
  })

  test('nor is it handed over to one', () => {
    expect(text(diffOf({ wanted: youngOnly, lb: inPlace, backends: nobodyFound }).plan)).toEqual([])
  })

  test('in its own group without a health check the old port stays until the new one is there', () => {
    const off = web({ 'slb.port.80.health-check-switch': 'off' }, { ports: [port(30001)] })
    const { plan } = diffOf({ services: [off], lb: onOwnGroup(threeMembers({ port: 30000 })), backends: nobodyFound })
    expect(kinds(plan)).not.toContain('removeBackends')
  })
})

describe('the old port is served beside the new one', () => {
  test('only for its own service: a hand-over leaves it out', () => {
    const { plan } = diffOf({ lb: inPlace, wanted: youngOnly })
    expect(newPorts(plan)).toEqual([30001])
  })

  test('only where it is still the port of that container port', () => {
    const two = service('web', undefined, { 'slb.port.443': 'tcp://:8080' }, { ports: [port(30000), port(30001, { target: 443 })] })
    expect(newPorts(diffOf({ services: [two], lb: inPlace }).plan)).toEqual([30001])
  })

  test('without a health check before the new one is there', () => {
    const off = web({ 'slb.port.80.health-check-switch': 'off' }, { ports: [port(30001)] })
    const { plan } = diffOf({ services: [off], lb: onOwnGroup(threeMembers({ port: 30000 })) })
    expect(kinds(plan)).toContain('addBackends')
    expect(kinds(plan)).not.toContain('removeBackends')
  })

  test('without a health check until one member on the new port is there', () => {
    const off = web({ 'slb.port.80.health-check-switch': 'off' }, { ports: [port(30001)] })
    const both = [...threeMembers({ port: 30000 }), ...threeMembers({ port: 30001 })]
    expect(text(diffOf({ services: [off], lb: onOwnGroup(both) }).plan)).toContain(
      `remove i-1:30000, i-2:30000, i-3:30000 from group ${markOf('web')}`,
    )
  })
})

test('nodes that all drain during a switch leave one positive weight, whatever port it is on', () => {
  const nodes = THREE.map((one) => ({ ...one, availability: 'drain' as const }))
  const members = ['i-1', 'i-2', 'i-3'].flatMap((one) => [member(one, { port: 30001 }), member(one, { port: 30000 })])
  const { plan } = diffOf({ services: [moved], lb: onOwnGroup(members), nodes, health: healthOf('normal', 30001) })
  expect(weightsAfter(members, plan).filter((weight) => weight > 0)).not.toEqual([])
})

test('a switch is asked about every two seconds at first, then more and more rarely', () => {
  const both = onOwnGroup([...threeMembers({ port: 30000 }), ...threeMembers({ port: 30001 })])
  const wait = (since: number) => {
    const memory = { seenRunning: new Set<never>(), zeroSince: new Map(), switchingSince: new Map([[markOf('web'), since]]) }
    return (diffOf({ services: [moved], lb: both, memory, health: foldHealth([]), now: 1_000_000 }).recheckAt ?? 0) - 1_000_000
  }
  expect([wait(1_000_000), wait(900_000), wait(0)]).toEqual([2000, 25_000, 60_000])
})

test('a switch that begins with a new group is looked at again like any other', () => {
  expect(diffOf({ services: [moved], lb: inPlace, now: 1_000_000 }).recheckAt).toBe(1_002_000)
})

describe('two protocols on one number', () => {
  test('do not meet', () => {
    const ports = [port(30000, { target: 53 }), port(30000, { target: 53, transport: 'udp' })]
    const dns = service('dns', undefined, { 'slb.port.53': 'tcp://:53', 'slb.port.53/udp': 'udp://:53' }, { ports })
    const { plan, problems } = diffOf({ services: [dns] })
    expect(problems).toEqual([])
    expect(text(plan).filter((line) => line.startsWith('create'))).toHaveLength(2)
  })

  test('keep their listeners: the one for tcp is not closed because another service has the udp port', () => {
    const other = service('other', undefined, {}, { ports: [port(30000, { transport: 'udp' })] })
    expect(diffOf({ services: [web(), other], lb: inPlace }).plan).toEqual([])
  })
})

test('a protocol and a node port that change together are one replacement', () => {
  const lb = balancer({ members: threeMembers(), listeners: [listener('tcp', 8080, toDefault(30000), markOf('web'))] })
  const { plan } = diffOf({ services: [web({ 'slb.port.80': 'http://:8080' }, { ports: [port(30001)] })], lb })
  expect(kinds(plan)).toEqual(['createGroup', 'replaceListener'])
})
