// A daemon is of one swarm: where the engine shows another one, one that knows nothing takes its place.
import { expect, test } from 'vitest'
import type { Clusters } from '../src/core/usable.ts'
import type { Daemon } from '../src/daemon.ts'
import type { Loop } from '../src/loop.ts'
import { perSwarm } from '../src/per-swarm.ts'

const loop: Loop = { wake: () => {}, at: () => {}, run: async () => {} }

function ground() {
  const begun: { readonly stop: AbortSignal; readonly clusters: Clusters; readonly said: string[]; next: 'done' | 'anotherSwarm' }[] = []
  const stop = new AbortController()
  const begin = (signal: AbortSignal, clusters: Clusters): Daemon => {
    const one = { stop: signal, clusters, said: [] as string[], next: 'done' as 'done' | 'anotherSwarm' }
    begun.push(one)
    return {
      pass: async () => {
        one.said.push('pass')
        return one.next
      },
      approve: () => ({ approved: [], hash: String(begun.length), error: '' }),
      known: () => new Map(),
      lost: () => void one.said.push('lost'),
      idle: async () => void one.said.push(one.stop.aborted ? 'idle after its end' : 'idle'),
    }
  }
  return { begun, stop, daemon: perSwarm(begin, stop.signal) }
}

test('goes on with the same daemon while the swarm is the same', async () => {
  const { daemon, begun } = ground()
  await daemon.pass(loop, { resync: true })
  await daemon.pass(loop, { resync: false })
  expect(begun.map(({ said }) => said)).toEqual([['pass', 'pass']])
})

test('ends it, waits for what it has begun, and lets another one look at once', async () => {
  const { daemon, begun } = ground()
  const [first] = begun
  if (first !== undefined) first.next = 'anotherSwarm'
  first?.clusters.set('lb-1|me', 'one')
  await daemon.pass(loop, { resync: true })
  expect(begun.map(({ said }) => said)).toEqual([['pass', 'idle after its end'], ['pass']])
  expect(begun.map(({ stop }) => stop.aborted)).toEqual([true, false])
  expect(begun[1]?.clusters.get('lb-1|me')).toBe('one')
  daemon.lost(false)
  expect([begun[1]?.said, daemon.approve(undefined).hash]).toEqual([['pass', 'lost'], '2'])
})

test('that is told to stop stops whichever daemon it is', async () => {
  const { daemon, begun, stop } = ground()
  if (begun[0] !== undefined) begun[0].next = 'anotherSwarm'
  await daemon.pass(loop, { resync: true })
  stop.abort()
  expect(begun.map((one) => one.stop.aborted)).toEqual([true, true])
})
