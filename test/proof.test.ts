import { expect, test } from 'vitest'
import type { Known } from '../src/page.ts'
import { createProof } from '../src/proof.ts'

const known = (...errors: readonly string[]): readonly Known[] =>
  errors.map((error, index) => ({ id: `lb-${index}`, look: undefined, error, verdicts: [], made: 0, refused: [] }))
const MINUTE = 60_000

function proofAt() {
  const clock = { now: 0 }
  return { clock, proof: createProof(() => clock.now, 5 * MINUTE) }
}

test('a standby that has read nothing yet has proved nothing', () => {
  expect(proofAt().proof.state('standby', [])).toEqual({ ok: false, reason: 'no load balancer has been read yet' })
})

test('a standby is ready once it read one load balancer, even where another one fails', () => {
  const { proof } = proofAt()
  proof.looked('well')
  expect(proof.state('standby', known(''))).toEqual({ ok: true, reason: '' })
  proof.looked('badly')
  expect(proof.state('standby', known('', 'Forbidden.RAM'))).toEqual({ ok: true, reason: '' })
})

test('a standby is not ready where every load balancer fails, and says why', () => {
  const { proof } = proofAt()
  proof.looked('well')
  proof.looked('badly')
  expect(proof.state('standby', known('Forbidden.RAM'))).toEqual({ ok: false, reason: 'Forbidden.RAM' })
})

test('what was read two rounds ago proves nothing', () => {
  const { clock, proof } = proofAt()
  proof.looked('well')
  clock.now = 10 * MINUTE - 1
  expect(proof.state('standby', known('')).ok).toBe(true)
  clock.now = 10 * MINUTE
  expect(proof.state('standby', known(''))).toEqual({ ok: false, reason: 'the cloud was not read for a while' })
})

test('the leader is ready while its last passes went well, all of them', () => {
  const { proof } = proofAt()
  expect(proof.state('leader', known('', '')).ok).toBe(true)
  expect(proof.state('leader', known('', 'timeout'))).toEqual({ ok: false, reason: 'timeout' })
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
