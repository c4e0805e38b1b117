// Before any fault: the scenario as it goes without one, recorded once, while nothing else runs, for all files of the suite.
import type { TestProject } from 'vitest/node'
import { bundleChild } from '../support/child.ts'
import { type Course, undisturbed } from './run.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** By step. */
    normal: readonly Course[]
  }
}

/** Calls that both make: how often things are looked at again depends on the moment. */
const common = (one: readonly string[], other: readonly string[]): readonly string[] => {
  const left = [...other]
  return one.filter((action) => {
    const at = left.indexOf(action)
    if (at !== -1) left.splice(at, 1)
    return at !== -1
  })
}

/** First slowly, to see where each step ends, then at the pace of all the others. */
async function record(): Promise<readonly Course[]> {
  const slow = await undisturbed()
  const [first, second] = [await undisturbed(slow), await undisturbed(slow)]
  return first.map((course, step) => ({ ...course, calls: common(course.calls, second[step]?.calls ?? []) }))
}

export async function setup(project: TestProject): Promise<void> {
  await bundleChild()
  project.provide('normal', await record())
}
