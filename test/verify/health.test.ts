// Rows of DescribeHealthStatus come one after the other: a question that looks once gets whatever was there at that moment.
import { expect, test } from 'vitest'
import type { Bench } from '../../scripts/verify/bench.ts'
import { HEALTH } from '../../scripts/verify/probe-health.ts'

type Row = { readonly ServerId: string; readonly Port: number }

/** A cloud whose health answers are these, the last one for ever. */
function cloud(...answers: readonly (readonly Row[])[]): Bench {
  let asked = 0
  const bench: Partial<Bench> = {
    ...{ first: 'i-1', second: 'i-2', settleMs: 0 },
    ground: { account: { live: false } } as Bench['ground'],
    on: (params = {}) => params,
    group: async () => 'rsp-1',
    standing: async () => 80,
    ok: async () => ({}),
    read: async () => {
      const rows = answers[Math.min(asked, answers.length - 1)] ?? []
      asked += 1
      return { BackendServers: { BackendServer: [...rows] } }
    },
  }
  return bench as Bench
}

const ask = (about: string, bench: Bench) => {
  const probe = HEALTH.find(({ question }) => question.includes(about))?.probe
  if (typeof probe !== 'function') throw new Error(`no question about ${about}`)
  return probe(bench)
}

const row = (ServerId: string, Port = 31_400): Row => ({ ServerId, Port })

test.each([
  { name: 'with the other', answers: [[], [row('i-1'), row('i-2')]], value: 'shown' },
  { name: 'after the other', answers: [[row('i-1')], [row('i-1')], [row('i-1'), row('i-2')]], value: 'shown' },
  { name: 'before the other', answers: [[row('i-2')]], value: 'shown' },
  { name: 'never', answers: [[], [row('i-1')]], value: 'absent' },
])('a server of weight 0 that gets its row $name is $value', async ({ answers, value }) => {
  expect(await ask('weight 0', cloud(...answers))).toMatchObject({ values: { 'unsure.weightZeroHealth': value } })
})

test.each([
  { name: 'at the third look', answers: [[], [row('i-1')], [row('i-1'), row('i-1', 31_401)]], seen: 'yes' },
  { name: 'never', answers: [[], [row('i-1')]], seen: "no, only the listener's own" },
])('the group of a rule whose row comes $name: $seen', async ({ answers, seen }) => {
  expect(await ask('rules', cloud(...answers))).toMatchObject({ seen })
})
