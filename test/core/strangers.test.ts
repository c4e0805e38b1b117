// Rule 4: a listener in front of another service's node port is closed at once, whatever else keeps it or holds the plan back.
import { describe, expect, test } from 'vitest'
import { dampen, NO_DRIFT, noteRepaired } from '../../src/core/drift.ts'
import { guard, newLedger } from '../../src/core/guard.ts'
import { fitQuotas } from '../../src/core/headroom.ts'
import { allowedBy } from '../../src/core/policy.ts'
import {
  balancer,
  diffOf,
  group,
  kinds,
  MINUTE,
  markOf,
  NOW,
  port,
  remembers,
  service,
  THREE,
  text,
  threeMembers,
  toGroup,
  wantedBy,
  web,
  webListener,
} from '../support/build.ts'
import { PASS_RULES } from '../support/passes.ts'

const inPlace = balancer({ members: threeMembers(), listeners: [webListener()] })
const moved = web({}, { ports: [port(30001)] })
const thief = service('thief', 30000)
const { plan } = diffOf({ services: [moved, thief], lb: inPlace })

describe('it is stopped', () => {
  test('although the group for the switch has no room', () => {
    const { plan: fitted } = fitQuotas(plan, inPlace, { ...PASS_RULES, quotas: { ...PASS_RULES.quotas, groups: 0 } })
    expect(kinds(fitted)).toEqual(['stopListener'])
  })

  test.each(['create-only', 'upsert-only'] as const)('although SLB_POLICY is %s', (policy) => {
    expect(kinds(allowedBy(policy, plan))).toContain('stopListener')
  })

  test('although the guard lets nothing be deleted', () => {
    const gone = diffOf({ lb: inPlace, wanted: wantedBy([thief], { memory: remembers(['web', 'thief'], { web: 0 }) }) })
    const rules = { maxDeletes: { count: 0, percent: 0 }, release: 30 * MINUTE, window: 10 * MINUTE }
    expect(kinds(gone.plan)).toContain('deleteListener')
    expect(kinds(guard(gone.plan, 'lb-1', newLedger(['lb-1']), rules, NOW).run)).toEqual(['stopListener'])
  })

  test('each time again, however often somebody starts it', () => {
    let memory = NO_DRIFT
    for (let now = NOW; now < NOW + 6 * MINUTE; now += MINUTE) {
      const result = dampen(plan, memory, { driftOnly: true, now })
      expect(kinds(result.plan)).toContain('stopListener')
      memory = result.plan.reduce((known, chain) => noteRepaired(known, chain, now), result.memory)
    }
  })

  test('although no node can take its own port: all are paused', () => {
    const nodes = THREE.map((one) => ({ ...one, availability: 'pause' as const }))
    const own = group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080'] })
    const lb = balancer({ groups: [own], listeners: [webListener({ target: toGroup('rsp-1') })] })
    expect(kinds(diffOf({ services: [moved, thief], lb, nodes }).plan)).toContain('stopListener')
  })

  test('also while its own service is only being allocated', () => {
    const pending = web({}, { settled: false, ports: [] })
    expect(kinds(diffOf({ services: [pending, thief], lb: inPlace }).plan)).toEqual(['stopListener'])
  })
})

describe('it is not', () => {
  test('when its group serves its own port too: then the stranger port alone goes', () => {
    const members = [...threeMembers({ port: 30000 }), ...threeMembers({ port: 30001 })]
    const own = group('rsp-1', markOf('web'), members, { listeners: ['tcp:8080'] })
    const lb = balancer({ groups: [own], listeners: [webListener({ target: toGroup('rsp-1') })] })
    expect(kinds(diffOf({ services: [moved, thief], lb }).plan)).toEqual(['removeBackends'])
  })

  test('when the other service publishes that port in host mode', () => {
    const host = service('thief', undefined, {}, { ports: [port(30000, { mode: 'host' })] })
    expect(diffOf({ services: [web(), host], lb: inPlace }).plan).toEqual([])
  })
})

test('what was closed so stays closed while its service is being allocated', () => {
  const lb = balancer({ members: threeMembers(), listeners: [webListener({ status: 'stopped', note: markOf('web', '/stopped') })] })
  const pending = web({ 'slb.port.80': 'http://:8080' }, { settled: false, ports: [] })
  expect(text(diffOf({ services: [pending], lb }).plan)).toEqual([])
})

test('it is reported with the listener', () => {
  const held = wantedBy([thief], { memory: remembers(['web', 'thief'], { web: NOW - 1000 }) })
  expect(diffOf({ lb: inPlace, wanted: held }).verdicts[0]?.reason).toContain('its node port belongs to another service now')
})
