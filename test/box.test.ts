// The time box of one pass, and what a stop leaves of it.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createBox } from '../src/box.ts'

function boxOf(ms: number) {
  const [stop, giveUp] = [new AbortController(), new AbortController()]
  const box = createBox(ms, stop.signal, giveUp.signal)
  return { box, stop, giveUp, state: () => [box.begin.aborted, box.wait.aborted, box.ended()] }
}

test('its time counts from when applying starts', async () => {
  const { box, state } = boxOf(20)
  await sleep(40)
  expect(state()).toEqual([false, false, false])
  box.start()
  await sleep(40)
  expect(state()).toEqual([true, true, true])
})

test('released it ends no more', async () => {
  const { box, state, stop } = boxOf(10)
  box.start()
  box.release()
  stop.abort()
  await sleep(25)
  expect(state()).toEqual([false, false, false])
})

test('after a stop nothing begins, and what has begun waits on until it must give up', async () => {
  const { box, state, stop, giveUp } = boxOf(10)
  box.start()
  stop.abort()
  expect(state()).toEqual([true, false, false])
  await sleep(25)
  expect(state().slice(0, 2)).toEqual([true, false])
  giveUp.abort()
  expect(state().slice(0, 2)).toEqual([true, true])
})

test('made after a stop it lets nothing begin', () => {
  const box = createBox(10, AbortSignal.abort(), AbortSignal.abort())
  expect([box.begin.aborted, box.wait.aborted]).toEqual([true, true])
})
