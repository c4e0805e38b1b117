// A service port that chooses its nodes has a group of its own: the default group has every node.
import { expect, test } from 'vitest'
import type { Claim } from '../../src/core/claims.ts'
import { EVERY_NODE } from '../../src/core/node-choice.ts'
import { balancer, diffOf, markOf, text, threeMembers, wantedBy, web, webListener } from '../support/build.ts'

const chosen: Partial<Claim> = { selection: { nodes: EVERY_NODE, places: undefined, weights: 'kept' } }
const wanted = wantedBy([web()])
const choosing = { ...wanted, claims: wanted.claims.map((claim) => ({ ...claim, ...chosen })) }

test('a new listener begins on its own group', () => {
  expect(text(diffOf({ wanted: choosing }).plan)).toContain(`create listener tcp:8080 -> group ${markOf('web')}`)
})

test('a listener on the default group moves to its own with one update', () => {
  const lb = balancer({ members: threeMembers(), listeners: [webListener()] })
  const { plan } = diffOf({ wanted: choosing, lb })
  expect(text(plan)).toContain(`update listener tcp:8080: target default group on port 30000 -> group ${markOf('web')}`)
})
