// What of a list is taken as it was: only what says that it is the same version.
import { describe, expect, test } from 'vitest'
import { connectEngine } from '../../src/swarm/client.ts'
import { createRecall } from '../../src/swarm/recall.ts'
import { serviceJson } from '../support/engine-json.ts'
import { startFakeEngine } from '../support/fake-engine.ts'

type Entry = { readonly ID: string; readonly name: string; readonly Version?: object; readonly UpdatedAt?: string }

const entry = (ID: string, name: string, index?: number, at = '2026-01-01T00:00:00Z'): Entry => ({
  ID,
  name,
  ...(index === undefined ? {} : { Version: { Index: index }, UpdatedAt: at }),
})

function recalling() {
  const checked: string[] = []
  const recall = createRecall<{ readonly name: string }>((entries) =>
    (entries as readonly Entry[]).map(({ name }) => {
      checked.push(name)
      return { name }
    }),
  )
  const names = (list: readonly Entry[]) => recall(list).map(({ name }) => name)
  return { recall, names, checked }
}

describe('a list', () => {
  test('is checked where versions are new, and its order is kept', () => {
    const { names, checked } = recalling()
    expect(names([entry('a', 'a1', 1), entry('b', 'b1', 2)])).toEqual(['a1', 'b1'])
    expect(names([entry('c', 'c1', 4), entry('b', 'b2', 3), entry('a', 'a1', 1)])).toEqual(['c1', 'b2', 'a1'])
    expect(checked).toEqual(['a1', 'b1', 'c1', 'b2'])
  })

  test('gives the same objects for the same versions', () => {
    const { recall } = recalling()
    const [first] = recall([entry('a', 'a1', 1)])
    expect(recall([entry('a', 'a1', 1)])[0]).toBe(first)
  })

  test.each([
    ['the number is the same and the time is not, as after a restore', entry('a', 'a2', 1, '2026-02-01T00:00:00Z')],
    ['the engine does not say which version it is', entry('a', 'a2')],
  ])('is checked again where %s', (_, next) => {
    const { names } = recalling()
    names([entry('a', 'a1', 1)])
    expect(names([next])).toEqual(['a2'])
  })

  test('does not remember what was not there the last time', () => {
    const { names, checked } = recalling()
    for (const list of [[entry('a', 'a1', 1)], [], [entry('a', 'a1', 1)]]) names(list)
    expect(checked).toEqual(['a1', 'a1'])
  })
})

test('services of an engine that have not changed stay the same objects, and one that is wrong makes the list malformed', async () => {
  const versioned = (name: string, index: number) => ({ ...serviceJson({ name }), Version: { Index: index }, UpdatedAt: 'now' })
  const fake = await startFakeEngine({ services: [versioned('a', 1), versioned('b', 2)] })
  try {
    const engine = connectEngine({ host: fake.host })
    const { signal } = new AbortController()
    const before = await engine.services(signal)
    fake.state.services = [versioned('a', 1), versioned('b', 3)]
    const after = await engine.services(signal)
    expect([after[0] === before[0], after[1] === before[1]]).toEqual([true, false])
    fake.state.services = [versioned('a', 1), { ...versioned('b', 4), Spec: 7 }]
    await expect(engine.services(signal)).rejects.toMatchObject({ kind: 'malformed' })
  } finally {
    await fake.close()
  }
})
