import { expect, test } from 'vitest'
import { createProof } from '../src/proof.ts'
import type { Sight } from '../src/sight.ts'

const WELL: Sight = { sees: true, blind: '', wrong: '', waits: false }
const BAD: Sight = { sees: false, blind: 'Forbidden.RAM', wrong: 'Forbidden.RAM', waits: false }
const PARTLY: Sight = { ...WELL, wrong: 'timeout' }
const UNREAD: Sight = { sees: false, blind: '', wrong: '', waits: true }
const MINUTE = 60_000

function proofAt() {
  const clock = { now: 0 }
  return { clock, proof: createProof(() => clock.now, 5 * MINUTE) }
}

test('a standby that has read nothing yet has proved nothing', () => {
  expect(proofAt().proof.state('standby', UNREAD)).toEqual({ ok: false, reason: 'no load balancer has been read yet' })
})

test('a standby is ready once it read one load balancer, even where another one fails', () => {
  const { proof } = proofAt()
  proof.looked('well')
  expect(proof.state('standby', WELL)).toEqual({ ok: true, reason: '' })
  proof.looked('badly')
  expect(proof.state('standby', PARTLY)).toEqual({ ok: true, reason: '' })
})

test('a standby is not ready where every load balancer fails, and says why', () => {
  const { proof } = proofAt()
  proof.looked('well')
  proof.looked('badly')
  expect(proof.state('standby', BAD)).toEqual({ ok: false, reason: 'Forbidden.RAM' })
})

test('what was read two rounds ago proves nothing', () => {
  const { clock, proof } = proofAt()
  proof.looked('well')
  clock.now = 10 * MINUTE - 1
  expect(proof.state('standby', WELL).ok).toBe(true)
  clock.now = 10 * MINUTE
  expect(proof.state('standby', WELL)).toEqual({ ok: false, reason: 'the cloud was not read for a while' })
})

test('the leader is ready while its last passes went well, all of them', () => {
  const { proof } = proofAt()
  expect(proof.state('leader', WELL).ok).toBe(true)
  expect(proof.state('leader', PARTLY)).toEqual({ ok: false, reason: 'timeout' })
  expect(proof.state('leader', UNREAD)).toEqual({ ok: false, reason: 'no load balancer has been read yet' })
})

test('nobody is ready who cannot even look up which load balancers there are', () => {
  const { proof } = proofAt()
  const blind: Sight = { sees: false, blind: 'no egress', wrong: 'no egress', waits: false }
  expect(proof.state('leader', blind)).toEqual({ ok: false, reason: 'no egress' })
  expect(proof.state('standby', blind)).toEqual({ ok: false, reason: 'no egress' })
})

test('a look is due every 5 minutes, counted from the last one or from when it was asked for', () => {
  const { clock, proof } = proofAt()
  const turns: number[] = []
  for (; clock.now <= 14 * MINUTE; clock.now += MINUTE) {
    if (clock.now === 7 * MINUTE) proof.looked('well')
    if (proof.takeTurn()) turns.push(clock.now / MINUTE)
  }
  expect(turns).toEqual([5, 12])
  expect(proof.dueAt()).toBe(17 * MINUTE)
})

test('and sooner while no load balancer can be read: a task that starts waits for the first one', () => {
  const { clock, proof } = proofAt()
  proof.looked('badly')
  expect(proof.dueAt()).toBe(30_000)
  clock.now = 30_000
  expect(proof.takeTurn()).toBe(true)
  proof.looked('badly')
  proof.looked('well')
  proof.looked('badly')
  expect(proof.dueAt()).toBe(clock.now + 5 * MINUTE)
})

test('and again after 30 s where nobody looked, because the pace of a load balancer that fails was slower', () => {
  const { clock, proof } = proofAt()
  proof.looked('badly')
  const turns: number[] = []
  for (; clock.now <= 4 * MINUTE; clock.now += 10_000) {
    if (clock.now === 2 * MINUTE) proof.looked('well')
    if (proof.takeTurn()) turns.push(clock.now / 1000)
  }
  expect(turns).toEqual([30, 60, 90])
  expect(proof.dueAt()).toBe(7 * MINUTE)
})
