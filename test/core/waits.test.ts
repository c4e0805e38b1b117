// A listener whose certificate or access control list is not there yet: a new one waits, what exists goes on, and nobody is let in early.
import { describe, expect, test } from 'vitest'
import type { ActualListener } from '../../src/core/model.ts'
import { balancer, diffOf, listener, remembers, service, text, threeMembers, toDefault, wantedBy, webListener } from '../support/build.ts'

const WAITS = 'its access control list is being created'

/** The service `api` wants tcp:8080, and waits; `web` is gone for long. */
function planFor(listeners: readonly ActualListener[], labels: Readonly<Record<string, string>> = {}, waits = WAITS) {
  const api = service('api', 30001, { 'slb.port.80': 'tcp://:8080', ...labels })
  const read = wantedBy([api], { memory: remembers(['api', 'web'], { web: 0 }) })
  const wanted = { ...read, claims: read.claims.map((claim) => ({ ...claim, waits })) }
  const { plan, verdicts } = diffOf({ lb: balancer({ listeners, members: threeMembers() }), wanted })
  return { plan: text(plan), verdicts }
}

const own = (over: Partial<ActualListener> = {}) => listener('tcp', 8080, toDefault(30001), 'swarm-slb/me/api/80-tcp', over)

describe('while something is not there that it needs', () => {
  test('a listener is not made', () => {
    const { plan, verdicts } = planFor([])
    expect(plan).toEqual([])
    expect(verdicts).toMatchObject([{ service: 'api', state: 'pending', reason: WAITS }])
  })

  test.each<[string, ActualListener, Readonly<Record<string, string>>]>([
    ['a listener whose service is gone is not handed over: who could reach that one may not be who may reach this one', webListener(), {}],
    ['a listener made by hand is not adopted', listener('tcp', 8080, toDefault(22), 'by hand'), { 'slb.port.80.adopt': 'true' }],
    ['its own listener is not made anew', own({ protocol: 'http' }), {}],
  ])('%s', (_, there, labels) => {
    expect(planFor([there], labels)).toMatchObject({ plan: [], verdicts: [{ service: 'api', state: 'pending', reason: WAITS }] })
    expect(planFor([there], labels, '').plan).not.toEqual([])
  })

  test('its own listener goes on, and everything else about it is followed', () => {
    expect(planFor([own({ target: toDefault(30009) })]).plan).toContainEqual(
      expect.stringContaining('target default group on port 30009 -> '),
    )
  })
})
