// Rule 1: what adopt cannot take over, and who gets what two services want to adopt.
import { describe, expect, test } from 'vitest'
import { balancer, diffOf, listener, markOf, service, text, threeMembers, toDefault, web, type webListener } from '../support/build.ts'

const adopting = web({ 'slb.port.80.adopt': 'true' })
const byHand = (over: Parameters<typeof webListener>[0] = {}) =>
  balancer({ members: threeMembers(), listeners: [listener('tcp', 8080, toDefault(30000), 'made in the console', over)] })

describe('a listener made by hand', () => {
  test('that redirects or uses a master-slave group is not taken over, and the reason is said', () => {
    const result = diffOf({ services: [adopting], lb: byHand({ target: undefined }) })
    expect(result.plan).toEqual([])
    expect(result.verdicts[0]).toMatchObject({ state: 'refused', reason: expect.stringContaining('cannot be adopted') })
  })

  test('goes to the oldest of those that ask for it, not to an older one that does not', () => {
    const labels = { 'slb.port.80': 'tcp://:8080' }
    const elder = service('elder', 30001, labels, { createdAt: '2025-01-01T00:00:00Z' })
    const younger = service('younger', 30002, { ...labels, 'slb.port.80.adopt': 'true' }, { createdAt: '2026-03-01T00:00:00Z' })
    const result = diffOf({ services: [younger, adopting, elder], lb: byHand() })
    expect(text(result.plan)).toEqual([`update listener tcp:8080: note -> ${markOf('web')}`])
    expect(result.problems.map(({ subject }) => subject)).toEqual(['elder', 'younger'])
  })
})
