import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * unit: pure and nock. simulator: needs only our own simulator. engine: a real Docker Engine. lab: a real three-node swarm.
 * security: what docs/security.md claims; a leak that shows once in two runs is a leak, so nothing of it is tried again.
 * model and fuzz: random sequences and inputs, minutes of them. faults: every call of one scenario fails in every way.
 * load: clients at a steady rate, and a swarm of thousands. soak: minutes of churn after which nothing has grown.
 * live: what can also be asked of a real account (LIVE=1), else of our simulator.
 */
const project = (name: string, include: string[], exclude: string[] = [], timeout = 10_000, parallel = true) => ({
  test: {
    name,
    include,
    exclude,
    setupFiles: ['test/support/setup.ts'],
    testTimeout: timeout,
    // Many tests measure time on a machine that others use too: in CI what fails is tried once more, and fails if it fails twice.
    retry: process.env['CI'] ? 1 : 0,
    hookTimeout: Math.max(timeout, 60_000),
    fileParallelism: parallel,
    // To load everything anew for each file takes longer than most tests do.
    isolate: !['unit', 'simulator'].includes(name),
  },
})

/** What fails with one seed fails again with it: trying once more would only hide it. */
const random = (name: string, include: string[], ...globalSetup: string[]) => {
  const { test } = project(name, include, [], 900_000)
  return { test: { ...test, retry: 0, globalSetup } }
}

const SECURITY = 'test/security/**/*.test.ts'
const security = () => {
  const { test } = project('security', [SECURITY], [], 30_000)
  return { test: { ...test, retry: 0 } }
}

/** Most of what a swarm does is to wait: two at a time. */
const labs = () => {
  const { test } = project('lab', ['test/lab/**/*.lab.test.ts'], ['test/lab/faults.lab.test.ts'], 300_000)
  return { test: { ...test, maxWorkers: 2 } }
}

/** One load balancer, so one file at a time; and it may reach what is no loopback address. */
const live = () => {
  const { test } = project('live', ['test/verify/*.live.test.ts'], [], 300_000, false)
  return { test: { ...test, setupFiles: [], retry: 0 } }
}

/** Minutes each: begun last, they would end alone. */
const LONGEST = ['killed.faults', 'hangs.faults', 'daemon.lab', 'host-mode.lab']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
      return at === -1 ? LONGEST.length : at
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

/** `npm run check` has a minute: what is about the stand-in alone, and most of what runs on it, is for `npm test`. */
const quick = process.env['SUITE'] === 'quick'
const STAND_IN = ['test/simulator/**', 'test/verify/**']
const QUICK_SIMULATOR = ['app', 'rules'].map((name) => `test/${name}.sim.test.ts`)

export default defineConfig({
  test: {
    // Most tests wait rather than compute: four at a time halve the time on two cores.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      // A word before .test.ts names another suite.
      project('unit', ['test/**/*.test.ts'], ['test/**/*.*.test.ts', SECURITY, ...(quick ? STAND_IN : [])]),
      project('simulator', quick ? QUICK_SIMULATOR : ['test/**/*.sim.test.ts'], [SECURITY], 30_000),
      security(),
      random('model', ['test/model/*.model.test.ts']),
      random('fuzz', ['test/fuzz/*.fuzz.test.ts'], 'test/fuzz/total.ts'),
      // What a step does without a fault is recorded first, on a machine that does nothing else.
      random('faults', ['test/faults/*.faults.test.ts'], 'test/faults/normal.ts'),
      project('load', ['test/**/*.load.test.ts'], [], 120_000, false),
      project('soak', ['test/soak/*.soak.test.ts'], [], 120_000, false),
      live(),
      project('engine', ['test/**/*.engine.test.ts'], [], 120_000, false),
      labs(),
      project('lab-faults', ['test/lab/faults.lab.test.ts'], [], 300_000, false),
    ],
  },
})
