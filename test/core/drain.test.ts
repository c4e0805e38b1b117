import { expect, test } from 'vitest'
import { backendsOf, balancer, diffOf, healthOf, member, NOTE, NOW, node, text, threeMembers, web, webListener } from '../support/build.ts'

test('a node that left long ago and is lowered only now gets the drain time before it is removed', () => {
  const three = ['n1', 'n2', 'n3'].map((id) => node(id))
  const before = backendsOf(three)
  const left = backendsOf(three.slice(0, 2), { memory: before.memory, now: NOW })
  const sick = healthOf('abnormal')
  // Healthy for the listener at first, so that it stays at 100 for 60 s; then it is lowered.
  const later = NOW + 60_000
  const backends = backendsOf(three.slice(0, 2), { memory: left.memory, now: later })
  const full = balancer({ members: threeMembers(), listeners: [webListener()] })
  expect(text(diffOf({ services: [web()], lb: full, backends, now: later, health: sick }).plan)).toEqual([
    'set weight of i-3 to 0 (was 100) in default group',
  ])
  const lowered = balancer({
    members: [member('i-1'), member('i-2'), member('i-3', { weight: 0, note: `${NOTE}/0` })],
    listeners: [webListener()],
  })
  expect(text(diffOf({ services: [web()], lb: lowered, backends, now: later + 1000, health: sick }).plan)).toEqual([])
})
