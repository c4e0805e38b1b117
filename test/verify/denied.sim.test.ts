// A call that is refused for another reason than the one that is asked about decides nothing: nobody's table may get a wrong fact from it.
import { beforeAll, describe, expect, test } from 'vitest'
import { FACTS, type Fact } from '../../scripts/verify/facts.ts'
import type { SettingsPatch } from '../../src/simulator/settings.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { otherwise, run, wrong } from './simulated.ts'

/** What a run finds where nothing is in its way, and which questions need which action. */
async function undisturbed(settings: SettingsPatch) {
  const { found, actions } = await run(settings)
  const needs = new Map<string, Fact[]>()
  for (const [n, sent] of actions.entries()) {
    const fact = FACTS[n]
    if (fact !== undefined) for (const action of new Set(sent)) needs.set(action, [...(needs.get(action) ?? []), fact])
  }
  return { seen: new Map(found.map(({ question, seen }) => [question, seen])), needs }
}

describe.each<[string, SettingsPatch]>([
  ['as the simulator is', {}],
  ['that does otherwise in everything', otherwise()],
])('a cloud %s is reported as it is or not at all', (_, settings) => {
  let clean: Awaited<ReturnType<typeof undisturbed>>
  beforeAll(async () => {
    clean = await undisturbed(settings)
  })

  const wrongWhen = async (what: string, facts: readonly Fact[], prepared: (simulator: Simulator) => void) => {
    const { found, settings: inForce } = await run(settings, facts, prepared)
    return wrong(found, inForce, clean.seen).map((line) => `${what}: ${line}`)
  }

  test('whatever call is forbidden', async () => {
    expect(clean.needs.size).toBeGreaterThan(25)
    const each = [...clean.needs].map(([action, facts]) => wrongWhen(action, facts, ({ settings: all }) => void all.denied.push(action)))
    expect((await Promise.all(each)).flat()).toEqual([])
  })

  test.each([
    ['listeners', { listeners: 1 }, /Listener$/],
    ['groups', { groups: 1 }, /^CreateVServerGroup$/],
    ['servers', { backendServers: 1 }, /BackendServers$/],
    ['rules', { rules: 0 }, /^CreateRules$/],
    ['certificates', { certificates: 0, domainExtensions: 0 }, /Certificate$/],
    ['tags', { tags: 1 }, /^TagResources$/],
  ])('when the quota of %s is used up', async (what, quotas, needed) => {
    const facts = [...clean.needs].flatMap(([action, some]) => (needed.test(action) ? some : []))
    const found = await wrongWhen(what, [...new Set(facts)], ({ settings: all }) => void Object.assign(all.quotas, quotas))
    expect(found).toEqual([])
  })
})
