// The judges of test/lab/faults.lab.test.ts: what they would say if the daemon were at fault.
import { describe, expect, test } from 'vitest'
import { absences, type Control, judge } from './lab/faults/judge.ts'
import type { Failure } from './lab/faults/load.ts'
import type { Sample } from './lab/faults/watching.ts'
import { clashes, type Write, writersSeen } from './lab/faults/writers.ts'

const T = 1_700_000_000_000
const failed = (at: number, cause = 'status 502', ms = 100): Failure => ({ at: T + at, endedAt: T + at + ms, cause })
const control = (node: string, ...failures: readonly Failure[]): Control => ({
  node,
  stream: { name: node, visits: () => 0, failures, waiting: () => 0, stop: async () => {} },
})
const sample = (at: number, parts: Partial<Sample> = {}): Sample => ({
  at: T + at,
  running: [80],
  weights: { a: 100, b: 100 },
  inUse: { 80: ['a', 'b'] },
  ...parts,
})
const mesh = (failure: Failure, controls: readonly Control[], samples: readonly Sample[]) =>
  judge(80, [failure], controls, samples).map((one) => one.mesh)

describe('a failed visit is the mesh’s own', () => {
  test.each([
    { name: 'where a node in use failed at the same time', failure: failed(0), controls: [control('a', failed(1000))], is: true },
    { name: 'not where no node failed', failure: failed(0), controls: [control('a')], is: false },
    { name: 'not where the node failed long before', failure: failed(20_000), controls: [control('a', failed(0))], is: false },
    {
      name: 'not where nothing listens, whatever the nodes do',
      failure: failed(0, 'ECONNREFUSED'),
      controls: [control('a', failed(0))],
      is: false,
    },
    { name: 'not where the listener has no server', failure: failed(0, 'status 503'), controls: [control('a', failed(0))], is: false },
  ])('$name', ({ failure, controls, is }) => {
    expect(mesh(failure, controls, [sample(0), sample(20_000)])).toEqual([is])
  })

  test('not where the node that failed got no visitors', () => {
    const withoutA = [sample(-500, { inUse: { 80: ['b'] } }), sample(500, { inUse: { 80: ['b'] } })]
    expect(mesh(failed(0), [control('a', failed(0)), control('b')], withoutA)).toEqual([false])
  })
})

describe('what is missing is told', () => {
  test.each([
    { name: 'a listener that does not run', parts: { running: [] }, says: /listener 80/ },
    { name: 'a backend that is gone', parts: { weights: { a: 100 } }, says: /backend b/ },
    { name: 'a weight of a node that nothing happened to', parts: { weights: { a: 100, b: 0 } }, says: /the weight of b/ },
  ])('$name', ({ parts, says }) => {
    expect(absences([sample(0), sample(300, parts)], [80], ['a', 'b'], ['a']).join()).toMatch(says)
  })

  test('but not the weight of a node that is down', () => {
    expect(absences([sample(0, { weights: { a: 0, b: 100 } })], [80], ['a', 'b'], ['a'])).toEqual([])
  })
})

describe('two writers', () => {
  const write = (at: number, task: string): Write => ({ at: T + at, node: `node-${task}`, task, action: 'SetBackendServers', what: '' })

  test('clash within a lease', () => {
    expect(clashes([write(0, '1'), write(2900, '2'), write(3000, '1')])).toHaveLength(2)
  })

  test('do not clash one after the other', () => {
    expect(clashes([write(0, '1'), write(10, '1'), write(3010, '2')])).toEqual([])
    expect(writersSeen([write(0, '1'), write(10, '1'), write(3010, '2')])).toBe('node-1 2, node-2 1')
  })
})
