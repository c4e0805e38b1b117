import { defineConfig } from 'vitest/config'

/** unit: pure and nock. simulator: needs only our own simulator. engine: a real Docker Engine. lab: a real three-node swarm. */
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
  },
})

export default defineConfig({
  test: {
    // Most tests wait rather than compute: four at a time halve the time on two cores.
    maxWorkers: 4,
    projects: [
      project('unit', ['test/**/*.test.ts'], ['test/**/*.sim.test.ts', 'test/**/*.engine.test.ts', 'test/lab/**']),
      project('simulator', ['test/**/*.sim.test.ts'], [], 30_000),
      project('engine', ['test/**/*.engine.test.ts'], [], 120_000, false),
      project('lab', ['test/lab/**/*.lab.test.ts'], [], 300_000, false),
    ],
  },
})
