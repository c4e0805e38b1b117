// Runs scenarios: those without a rate limit one after the other, so that their times can be compared; then those at the published
// rates side by side, since they mostly wait.
import PQueue from 'p-queue'
import type { StateFile } from '../../src/simulator/world.ts'
import { budgetOf, type Row } from './rows.ts'
import type { Open, Scenario } from './scenario.ts'
import { type Backends, loadedState, type Measured, type Mode, openRunning, openWorld, type World } from './world.ts'

const BACKENDS: readonly Backends[] = ['default group', 'own groups']
const SIDE_BY_SIDE = 4

async function runOnce(scenario: Scenario, mode: Mode, loaded: StateFile): Promise<Measured> {
  const worlds: World[] = []
  const open: Open = async ({ from, goal, ...how }) => {
    const state = how.state ?? (from === 'empty' ? undefined : structuredClone(loaded))
    const options = { ...how, mode, state }
    const world = await (from === 'running' ? openRunning(options, goal) : openWorld(options))
    worlds.push(world)
    return world
  }
  try {
    return await scenario.run(open)
  } catch (error) {
    throw new Error(`${scenario.name} (${mode.backends}, rates ${mode.rates}): ${error instanceof Error ? error.message : error}`)
  } finally {
    for (const world of worlds) await world.close()
  }
}

export async function runScenarios(scenarios: readonly Scenario[], fast: boolean, onRow: (row: Row) => void): Promise<readonly Row[]> {
  const loaded = new Map<Backends, StateFile>()
  if (scenarios.length > 0) for (const backends of BACKENDS) loaded.set(backends, await loadedState(backends))
  const one = async (scenario: Scenario, mode: Mode, off: Measured | undefined): Promise<Row> => {
    const measured = await runOnce(scenario, mode, loaded.get(mode.backends) ?? {})
    const row = { scenario: scenario.name, mode, measured, budget: budgetOf(scenario, mode, measured, off), peer: scenario.peer }
    onRow(row)
    return row
  }
  const offRows: Row[] = []
  for (const backends of BACKENDS)
    for (const scenario of scenarios.filter(({ budget }) => budget[backends] !== undefined))
      offRows.push(await one(scenario, { backends, rates: 'off' }, undefined))
  if (fast) return offRows
  const queue = new PQueue({ concurrency: SIDE_BY_SIDE })
  const publishedOf = async ({ scenario: name, mode: { backends }, measured }: Row): Promise<Row[]> => {
    const scenario = scenarios.find((known) => known.name === name)
    return scenario === undefined || scenario.unlimitedOnly === true
      ? []
      : [await queue.add(() => one(scenario, { backends, rates: 'published' }, measured))]
  }
  return [...offRows, ...(await Promise.all(offRows.map(publishedOf))).flat()]
}
