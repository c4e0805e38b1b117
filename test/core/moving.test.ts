// Moves from one load balancer to another, from the tag to what is wanted.
import { describe, expect, test } from 'vitest'
import { guard, type Ledger, newLedger } from '../../src/core/guard.ts'
import type { Chain, LoadBalancer } from '../../src/core/model.ts'
import { describeMove, isHandOver, MOVE_TAG, moveProblems, movesOf, moveValue, withMoves } from '../../src/core/moving.ts'
import { balancer, diffOf, listener, MINUTE, markOf, text, threeMembers, toDefault, wantedBy, web, webListener } from '../support/build.ts'

const tagged = (value: string, over: Partial<LoadBalancer> = {}) =>
  balancer({ members: threeMembers(), ...over, tags: { 'swarm-slb:me': 'cluster-1', [MOVE_TAG]: value } })
const anywhere = () => true
const movedBy = (value: string) => movesOf([tagged(value)], anywhere)
const two = (value: string) => withMoves(wantedBy([web({ 'slb.port.80.adopt': 'true' })]), movedBy(value))
const placesOf = ({ claims, services }: ReturnType<typeof two>) => [
  claims.map(({ loadBalancer, adopt }) => `${loadBalancer}${adopt ? ' adopt' : ''}`),
  services.get('web')?.ports.get('80-tcp')?.places,
]

describe('a move', () => {
  test('wants everything on both, and adopts nothing on the new one', () => {
    expect(placesOf(two('lb-2'))).toEqual([
      ['lb-1 adopt', 'lb-2'],
      ['lb-1|tcp:8080', 'lb-2|tcp:8080'],
    ])
  })

  test('that is withdrawn wants it on the new one alone', () => {
    expect(placesOf(two('lb-2/withdraw'))).toEqual([['lb-2'], ['lb-2|tcp:8080']])
  })

  test('asks nothing twice of a port that labels have on both already', () => {
    const wanted = wantedBy([web({ 'slb.port.80': 'tcp://lb-1:8080;tcp://lb-2:8080' })])
    expect(withMoves(wanted, movedBy('lb-2')).claims.map(({ loadBalancer }) => loadBalancer)).toEqual(['lb-1', 'lb-2'])
    expect(withMoves(wanted, movedBy('lb-2/withdraw')).claims.map(({ loadBalancer }) => loadBalancer)).toEqual(['lb-2'])
  })

  test('takes the old listener away only when the new one is up', () => {
    const lb = tagged('lb-2/withdraw', { listeners: [webListener()] })
    const wanted = two('lb-2/withdraw')
    expect(text(diffOf({ lb, wanted, isUp: () => false }).plan)).toEqual([])
    expect(text(diffOf({ lb, wanted, isUp: () => true }).plan)[0]).toBe('delete listener tcp:8080')
  })

  test('leaves what is not wanted by anybody, and frozen ports, to the usual rules', () => {
    const lb = tagged('lb-2/withdraw', { listeners: [webListener()] })
    const frozen = withMoves(wantedBy([web({ 'slb.port.80.scheduler': 'nonsense' })]), movedBy('lb-2/withdraw'))
    expect(text(diffOf({ lb, wanted: frozen }).plan)).toEqual([])
  })
})

test.each([
  ['lb-2/away', 'is not the id of a load balancer'],
  ['', 'is not the id of a load balancer'],
  ['lb-1', 'names this very load balancer'],
  ['lb-9', 'names lb-9, which is not in SLB_ID or SLB_ALLOW'],
])('the tag value "%s" moves nothing and is a problem', (value, problem) => {
  const lb = tagged(value)
  const isAllowed = (id: string) => id !== 'lb-9'
  expect(movesOf([lb], isAllowed).size).toBe(0)
  expect(moveProblems(lb, isAllowed).map((one) => one.text)).toEqual([expect.stringContaining(problem)])
})

test('what is written is read back', () => {
  for (const move of [
    { to: 'lb-2', withdraw: false },
    { to: 'lb-2', withdraw: true },
  ])
    expect(movedBy(moveValue(move)).get('lb-1')).toEqual(move)
})

test('people see that it is on', () => {
  expect(describeMove(balancer())).toBe('')
  expect(describeMove(tagged('lb-2'), () => 'back')).toBe('moving to back: both have all listeners')
  expect(describeMove(tagged('lb-2/withdraw'))).toBe('moving to lb-2: listeners go when theirs there are up')
})

describe('deletes at the end of a move', () => {
  const chain = (service: string, port: number): Chain => ({
    id: `delete ${port}`,
    service,
    after: [],
    changes: [{ kind: 'deleteListener', key: `tcp:${port}`, protocol: 'tcp' }],
    deletes: `tcp:${port}`,
  })
  const rules = { maxDeletes: { count: 0, percent: 0 }, release: 30 * MINUTE, window: 10 * MINUTE }
  const ledger: Ledger = { ...newLedger([]), counts: new Map([['lb-1', { owned: 3, alive: 2 }]]) }
  const lb = tagged('lb-2/withdraw', { listeners: [webListener(), listener('tcp', 81, toDefault(1), markOf('old'))] })
  const judge = (over: Partial<Ledger> = {}) =>
    guard(
      [chain('web', 8080), chain('old', 81)],
      'lb-1',
      { ...ledger, ...over },
      rules,
      0,
      isHandOver(lb, two('lb-2/withdraw'), movesOf([lb], anywhere)),
    )

  test('are not counted, and others of the same plan are', () => {
    const { run, ledger: after } = judge()
    expect(run.map(({ service }) => service)).toEqual(['web'])
    expect([after.deleted.size, [...after.held.keys()]]).toEqual([0, ['lb-1|tcp:81']])
  })

  test('are held where everything is, and while something is not read yet', () => {
    expect(judge({ taken: new Set(['lb-1']) }).run).toEqual([])
    expect(judge({ counts: new Map([...ledger.counts, ['lb-2', undefined]]) }).run).toEqual([])
  })

  test('count before the move is withdrawn', () => {
    const on = tagged('lb-2', { listeners: [webListener()] })
    expect(isHandOver(on, two('lb-2'), movesOf([on], anywhere))(chain('web', 8080))).toBe(false)
  })
})
