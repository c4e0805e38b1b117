// What the guard counts of deletes that another process did: units that were ours at one reading and are gone at the next.
import { describe, expect, test } from 'vitest'
import { goneSince } from '../../src/core/gone.ts'
import { type GuardRules, guard, type Ledger, newLedger, noteGone } from '../../src/core/guard.ts'
import type { Chain, LoadBalancer, Rule } from '../../src/core/model.ts'
import { balancer, group, listener, markOf, OWNER, toDefault, toGroup, webListener } from '../support/build.ts'

const rule = (service: string, domain: string): Rule => ({
  ref: `r-${domain}`,
  name: domain,
  domain,
  url: '',
  group: `rsp-${service}`,
  settings: undefined,
})
/** web holds the listener, api and shop are guests on it. */
const shared = (rules: readonly Rule[], note = markOf('web')): LoadBalancer =>
  balancer({
    groups: ['web', 'api', 'shop'].map((name) => group(`rsp-${name}`, markOf(name), [])),
    listeners: [listener('http', 80, toGroup('rsp-web'), note, { rules })],
  })
const BOTH = [rule('api', 'api.example.com'), rule('shop', 'shop.example.com')]
const since = (before: LoadBalancer, after: LoadBalancer) => goneSince(before, after, OWNER).map(({ key, service }) => `${key} ${service}`)

describe('gone since the last reading', () => {
  const two = balancer({
    listeners: [webListener(), listener('tcp', 22, toDefault(22), 'ssh'), listener('tcp', 23, toDefault(1), markOf('x'))],
  })

  test('is a listener of ours that is not there any more, and no one of other people', () => {
    expect(since(two, balancer())).toEqual(['tcp:8080 web', 'tcp:23 x'])
    expect(since(two, two)).toEqual([])
  })

  test('is not what another service, or another owner, has now', () => {
    const theirs = [webListener({ note: markOf('api') }), listener('tcp', 23, toDefault(1), 'swarm-slb/them/x/80-tcp')]
    expect(since(two, balancer({ listeners: theirs }))).toEqual([])
  })

  test('are the rules of one service port as one, where the listener stays', () => {
    expect(since(shared(BOTH), shared(BOTH.slice(0, 1)))).toEqual(['tcp:80/shop/80-tcp shop'])
    expect(since(shared([...BOTH, rule('api', 'more.example.com')]), shared([rule('api', 'api.example.com')]))).toEqual([
      'tcp:80/shop/80-tcp shop',
    ])
  })

  test('with a listener are the rules of all its guests', () => {
    expect(since(shared(BOTH), balancer())).toEqual(['tcp:80 web', 'tcp:80/api/80-tcp api', 'tcp:80/shop/80-tcp shop'])
  })

  test('are no rules that were handed over, nor those of a guest that holds the listener now', () => {
    expect(since(shared(BOTH), shared([rule('api', 'api.example.com'), rule('api', 'shop.example.com')]))).toEqual([])
    expect(since(shared(BOTH), shared(BOTH.slice(1), markOf('api')))).toEqual([])
  })
})

describe('a delete by another process', () => {
  const RULES: GuardRules = { maxDeletes: { count: 1, percent: 0 }, release: 1_800_000, window: 600_000 }
  const NOW = 10_000_000
  const ledger: Ledger = { ...newLedger([]), counts: new Map([['lb-1', { owned: 9, alive: 8 }]]) }
  const gone = [{ key: 'tcp:1', service: 's1' }] as const
  const chain = (port: number): Chain => ({ id: `d${port}`, service: `s${port}`, after: [], changes: [], deletes: `tcp:${port}` })
  const ran = (before: Ledger, port: number, now: number) => guard([chain(port)], 'lb-1', before, RULES, now).run.length

  test('counts against the free ones, for as long as its own would', () => {
    const after = noteGone(ledger, 'lb-1', gone, RULES, NOW)
    expect(ran(after, 2, NOW + 1000)).toBe(0)
    expect(ran(after, 2, NOW + RULES.window)).toBe(1)
  })

  test('that this process has counted already, or seen before, counts once', () => {
    const once = guard([chain(1)], 'lb-1', ledger, RULES, NOW).ledger
    expect(noteGone(once, 'lb-1', gone, RULES, NOW + 1000).deleted.size).toBe(1)
    const twice = noteGone(noteGone(ledger, 'lb-1', gone, RULES, NOW), 'lb-1', gone, RULES, NOW + 1000)
    expect(twice.deleted.size).toBe(1)
    expect(noteGone(twice, 'lb-1', [], RULES, NOW + RULES.window).deleted.size).toBe(0)
  })
})
