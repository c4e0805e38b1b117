// Host and path of a rule are one service's: who has them on the cloud keeps them, a free pair goes to the older service.
import { describe, expect, test } from 'vitest'
import { parseMark } from '../../src/core/marks.ts'
import type { LoadBalancer, Rule } from '../../src/core/model.ts'
import { ruleName } from '../../src/core/rules.ts'
import { defaults, group, MINUTE, markOf, member, NOW, remembers, service, THREE } from '../support/build.ts'
import { guest, options, passes, rule, sharing } from '../support/guests.ts'

const shop = guest('shop', 30001, ['shop.example.com'])
const api = guest('api', 30002, ['api.example.com'])

const http = (lb: LoadBalancer) => lb.listeners.find(({ key }) => key === 'tcp:80')
const ownersOf = (lb: LoadBalancer) =>
  Object.fromEntries(
    (http(lb)?.rules ?? []).map(({ domain, url, group: ref }) => {
      const name = lb.groups.find((one) => one.ref === ref)?.name ?? ''
      return [`${domain}${url}`, parseMark(name)?.service ?? name]
    }),
  )
const withRule = (one: Partial<Rule> & { group: string }) => (lb: LoadBalancer) => ({
  ...lb,
  groups: [...lb.groups, group('rsp-hand', 'by hand', [member('i-9', { port: 80, note: '' })], { rules: 1 })],
  listeners: lb.listeners.map((listener) => ({
    ...listener,
    rules: [...listener.rules, { ref: 'rule-hand', name: 'by hand', domain: 'hand.example.com', url: '', settings: undefined, ...one }],
  })),
})

describe('one host and path that two services ask for', () => {
  test('goes to the older one, and the younger keeps its other rules', async () => {
    const its = passes()
    const both = sharing([shop, guest('late', 30005, ['shop.example.com', 'late.example.com'])])
    await its.settle(both)
    expect(ownersOf(its.lb())).toEqual({ 'shop.example.com': 'shop', 'late.example.com': 'late' })
    expect(its.look()?.problems).toEqual([
      {
        kind: 'conflict',
        subject: 'late',
        port: 'tcp:80',
        text: 'rule shop.example.com on listener port 80 is held by service shop',
      },
    ])
    expect(its.look()?.diff.verdicts.map(({ listener, state }) => `${listener} ${state}`)).toContain('http:80 shop.example.com refused')
  })

  test('stays with who has it, although an older one comes', async () => {
    const its = passes()
    await its.settle(sharing([api]))
    expect(await its.settle(sharing([guest('older', 30000, ['api.example.com', 'o.example.com']), api]))).toHaveLength(2)
    expect(ownersOf(its.lb())['api.example.com']).toBe('api')
  })

  test('is handed over in place when who has it lets go of it', async () => {
    const its = passes()
    const late = guest('late', 30005, ['shop.example.com', 'late.example.com'])
    await its.settle(sharing([shop, late]))
    const lines = await its.settle(sharing([guest('shop', 30001, ['other.example.com']), late]))
    expect(lines).toContain(`update rule shop.example.com on listener http:80: group rsp-m2 -> rsp-m3`)
    expect(ownersOf(its.lb())).toEqual({ 'shop.example.com': 'late', 'late.example.com': 'late', 'other.example.com': 'shop' })
  })

  test('and so is one whose service is gone, after its grace and without a delete', async () => {
    const its = passes()
    const late = guest('late', 30005, ['shop.example.com'])
    await its.settle(sharing([shop, late, api]))
    const grace = remembers(['shop', 'late', 'api'], { shop: NOW - 1000 })
    expect(await its.pass(sharing([late, api], { memory: grace }))).toEqual([])
    const over = remembers(['shop', 'late', 'api'], { shop: NOW - MINUTE })
    const lines = await its.settle(sharing([late, api], { memory: over }))
    expect(lines.filter((line) => line.includes('rule'))).toEqual([
      `update rule shop.example.com on listener http:80: group rsp-m2 -> ${markOf('late')}`,
    ])
  })

  test('that a person gave to a group of his own is his, and so are all rules that are not ours', async () => {
    const its = passes()
    await its.settle(sharing([shop]))
    its.provider.edit(withRule({ group: 'rsp-hand' }))
    const lines = await its.settle(sharing([guest('shop', 30001, ['shop.example.com', 'hand.example.com'])]))
    expect(lines).toEqual([])
    expect(its.look()?.problems[0]?.text).toBe('rule hand.example.com on listener port 80 is there and not ours')
  })
})

describe('rules that change', () => {
  test('a changed host is a new rule first, then the old one goes, and the guard does not mind', async () => {
    const its = passes()
    await its.settle(sharing([shop, api]))
    const lines = await its.settle(sharing([guest('shop', 30001, ['new.example.com']), api]))
    expect(lines).toEqual([
      'create 1 rule on listener http:80: new.example.com -> group rsp-m2',
      'delete 1 rule on listener http:80: shop.example.com',
    ])
    expect(its.look()?.diff.plan.flatMap(({ deletes }) => deletes ?? [])).toEqual([])
  })

  test('a changed published port is served beside the old one, then the old one goes', async () => {
    const its = passes()
    await its.settle(sharing([shop]))
    const lines = await its.settle(sharing([guest('shop', 30011, ['shop.example.com'], { createdAt: '2026-01-01T00:00:01Z' })]))
    expect(lines).toEqual([`add i-1:30011, i-2:30011, i-3:30011 to group ${markOf('shop')}`])
    its.clock.now += 61_000
    const later = await its.settle(sharing([guest('shop', 30011, ['shop.example.com'], { createdAt: '2026-01-01T00:00:01Z' })]))
    expect(later).toEqual([`remove i-1:30001, i-2:30001, i-3:30001 from group ${markOf('shop')}`])
  })

  test('a rule has settings of its own where labels set any that a rule can have, all of them then', async () => {
    const its = passes()
    const tuned = guest('shop', 30001, ['shop.example.com'], options({ 'sticky-session': 'on' }))
    await its.settle(sharing([tuned, api]))
    const [first, second] = http(its.lb())?.rules ?? []
    expect(first?.settings).toMatchObject({
      'sticky-session': 'on',
      'sticky-session-type': 'insert',
      scheduler: 'wrr',
      'health-check-flag': 'on',
    })
    expect(Object.keys(first?.settings ?? {})).not.toContain('bandwidth')
    expect(second?.settings).toBeUndefined()
    expect(await its.pass(sharing([tuned, api]))).toEqual([])
  })

  test('one changed option is one update; none left, and the rule has those of the listener again', async () => {
    const its = passes()
    const tuned = (given: Parameters<typeof options>[0]) => sharing([api, guest('shop', 30009, ['shop.example.com'], options(given))])
    await its.settle(tuned({ 'sticky-session': 'on' }))
    expect(await its.settle(tuned({ 'sticky-session': 'on', 'cookie-timeout': 60 }))).toEqual([
      'update rule shop.example.com on listener http:80: cookie-timeout 1800 -> 60',
    ])
    expect(await its.settle(tuned({}))).toEqual(['update rule shop.example.com on listener http:80: settings -> those of the listener'])
  })

  test('options that only a listener has give a rule none of its own', async () => {
    const its = passes()
    await its.settle(sharing([api, guest('shop', 30009, ['shop.example.com'], options({ bandwidth: 5 }))]))
    expect(http(its.lb())?.rules.map(({ settings }) => settings)).toEqual([undefined, undefined])
    expect(http(its.lb())?.settings.bandwidth).toBe(defaults('http').bandwidth)
  })
})

describe('the name of a rule', () => {
  test.each([
    ['shop.example.com/api', /^shop\.example\.com\/api-[0-9a-f]{8}$/],
    ['*.example.com', /^_\.example\.com-[0-9a-f]{8}$/],
    ['/a?b=c#d&e~f', /^\/a-b-c-d-e-f-[0-9a-f]{8}$/],
    [`${'long.'.repeat(15)}example.com/path`, /^[a-z./]{31}-[0-9a-f]{8}$/],
  ])('of %s is readable, short, and made of what the cloud takes', (text, pattern) => {
    expect(ruleName(rule(text))).toMatch(pattern)
    expect(ruleName(rule(text))).toMatch(/^[A-Za-z0-9\-/._]{1,40}$/)
  })

  test('tells apart what looks the same', () => {
    expect(ruleName(rule('a.com/x?y'))).not.toBe(ruleName(rule('a.com/x&y')))
  })
})

test('a rule that leads to the port of another service is at weight 0 at once, and raised when its own service is back', async () => {
  const its = passes()
  await its.settle(sharing([shop, api]))
  const thief = guest('thief', 30001, [])
  const memory = remembers(['shop', 'api', 'thief'], { shop: NOW })
  const stolen = sharing([api, { ...thief, service: service('thief', 30001) }], { memory })
  const lines = await its.settle(stolen, THREE)
  expect(lines).toEqual([`set weight of i-1:30001, i-2:30001, i-3:30001 to 0 (was 100) in group ${markOf('shop')}`])
  expect(
    its
      .lb()
      .groups.find(({ name }) => name === markOf('shop'))
      ?.members.map(({ note }) => note),
  ).toEqual(Array(3).fill('swarm-slb/me/0'))
  expect(await its.settle(sharing([shop, api]))).toEqual([
    `set weight of i-1:30001, i-2:30001, i-3:30001 to 100 (was 0) in group ${markOf('shop')}`,
  ])
})
