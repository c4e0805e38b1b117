// What ends rules, and what keeps them: the same life as that of listeners, and the guard counts each service's rules as one.
import { describe, expect, test } from 'vitest'
import type { ListenerKey, LoadBalancer } from '../../src/core/model.ts'
import { balancer, group, MINUTE, markOf, member, NOW, node, remembers, type service, THREE } from '../support/build.ts'
import { type Guest, guest, passes, sharing } from '../support/guests.ts'
import { PASS_RULES } from '../support/passes.ts'

const shop = guest('shop', 30001, ['shop.example.com'])
const api = guest('api', 30002, ['api.example.com'])
const many = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => guest(`s${from + i}`, 30010 + from + i, [`s${from + i}.example.com`]))
const http = (lb: LoadBalancer) => lb.listeners.find(({ key }) => key === 'tcp:80')
const domains = (lb: LoadBalancer) => http(lb)?.rules.map(({ domain }) => domain)
const without = (names: readonly string[], left: readonly Guest[]) =>
  sharing(left, {
    memory: remembers([...names, ...left.map((one) => one.service.name)], Object.fromEntries(names.map((name) => [name, NOW - MINUTE]))),
  })

describe('the guard', () => {
  test('counts all rules of one service port as one delete, and holds what is more than free', async () => {
    const its = passes()
    const guests = many(0, 10)
    await its.settle(sharing(guests))
    const lines = await its.pass(
      without(
        guests.slice(1, 9).map((one) => one.service.name),
        [...guests.slice(0, 1), ...guests.slice(9)],
      ),
    )
    expect(lines.filter((line) => line.startsWith('delete 1 rule'))).toHaveLength(5)
    expect(its.look()?.diff).toMatchObject({ owned: 10, alive: 2, ownListeners: 1 })
  })

  test('holds the listener, too, when the rules of others on it are held', async () => {
    const its = passes()
    const guests = many(0, 8)
    await its.settle(sharing([...guests, guest('else', 30100, [], { key: 'tcp:81', port: 81 })]))
    const left = [guest('else', 30100, [], { key: 'tcp:81', port: 81 })]
    const lines = await its.pass(
      without(
        guests.map((one) => one.service.name),
        left,
      ),
    )
    expect(lines.filter((line) => line.startsWith('delete 1 rule')).length).toBeLessThanOrEqual(5)
    expect(lines).not.toContain('delete listener http:80')
  })

  test('holds all when no service wants anything any more, although there is one listener only', async () => {
    const its = passes()
    await its.settle(sharing([shop, api]))
    expect(await its.settle(without(['shop', 'api'], []))).toEqual([])
    expect(domains(its.lb())).toEqual(['shop.example.com', 'api.example.com'])
  })

  test('has nothing to say about one rule of many that a label drops', async () => {
    const its = passes()
    await its.settle(sharing([shop, guest('api', 30002, ['a.example.com', 'b.example.com'])]))
    await its.pass(sharing([shop, guest('api', 30002, ['a.example.com'])]))
    expect(its.look()?.wished.filter(({ deletes }) => deletes !== undefined)).toEqual([])
    expect(domains(its.lb())).toEqual(['shop.example.com', 'a.example.com'])
  })

  test('names the service port in what it holds', async () => {
    const its = passes(balancer(), { ...PASS_RULES, guard: { ...PASS_RULES.guard, maxDeletes: { count: 0, percent: 0 } } })
    await its.settle(sharing([shop, api]))
    await its.settle(without(['api'], [shop]))
    expect(its.look()?.wished.map(({ deletes }) => deletes)).toContain('tcp:80/api/80-tcp')
    expect(domains(its.lb())).toContain('api.example.com')
  })
})

describe('rules stay as they are', () => {
  const kept = (over: Partial<Parameters<typeof service>[3]>, labels: Record<string, string> = {}) => {
    const one = guest('api', 30002, ['api.example.com'])
    return { ...one, service: { ...one.service, labels: { ...one.service.labels, ...labels }, ...over } }
  }

  test.each([
    ['while Swarm settles the service', kept({ settled: false })],
    ['while a label is a problem', kept({}, { 'slb.port.80.scheduler': 'best' })],
    ['while slb.freeze says so', kept({}, { 'slb.freeze': 'true' })],
  ])('%s', async (_, frozen) => {
    const its = passes()
    await its.settle(sharing([shop, api]))
    expect(await its.settle(sharing([shop, frozen]))).toEqual([])
    expect(domains(its.lb())).toContain('api.example.com')
  })

  test('but nodes are followed, unless slb.freeze says so', async () => {
    const four = [...THREE, node('n4')]
    const broken = passes()
    await broken.settle(sharing([shop, api]))
    const lines = await broken.settle(sharing([shop, kept({}, { 'slb.port.80.scheduler': 'best' })]), four)
    expect(lines).toContain(`add i-4:30002 to group ${markOf('api')}`)
    const frozen = passes()
    await frozen.settle(sharing([shop, api]))
    const fewer = await frozen.settle(sharing([shop, kept({}, { 'slb.freeze': 'true' })]), four)
    expect(fewer).toEqual([`add i-4:30001 to group ${markOf('shop')}`])
  })

  test('go at once when slb.enable is false', async () => {
    const its = passes()
    await its.settle(sharing([shop, api]))
    const lines = await its.settle(sharing([shop, kept({}, { 'slb.enable': 'false' })]))
    expect(lines).toEqual(['delete 1 rule on listener http:80: api.example.com', `delete group ${markOf('api')}`])
  })
})

describe('a service that moves its rules', () => {
  const on = (port: number) => guest('api', 30002, ['api.example.com'], { key: `tcp:${port}` as ListenerKey, port })

  test('to another listener has them there before they go here', async () => {
    const its = passes()
    await its.settle(sharing([shop, api]))
    const lines = await its.settle(sharing([shop, on(8080)]))
    const at = (start: string) => lines.findIndex((line) => line.startsWith(start))
    expect(at('create 1 rule on listener http:8080')).toBeGreaterThan(-1)
    expect(at('delete 1 rule on listener http:80')).toBeGreaterThan(at('create 1 rule on listener http:8080'))
    expect(its.lb().groups.filter(({ name }) => name === markOf('api'))).toHaveLength(1)
  })

  test('keeps them here where it does not get them there', async () => {
    const its = passes()
    const other = guest('other', 30000, ['api.example.com'], { key: 'tcp:8080', port: 8080 })
    await its.settle(sharing([shop, api, other]))
    expect(await its.settle(sharing([shop, on(8080), other]))).toEqual([])
    expect(domains(its.lb())).toContain('api.example.com')
  })
})

test('foreign rules on a listener of ours stay, and keep it', async () => {
  const its = passes()
  await its.settle(sharing([shop]))
  its.provider.edit((lb) => ({
    ...lb,
    groups: [...lb.groups, group('rsp-hand', 'by hand', [member('i-9', { port: 80, note: '' })], { rules: 1 })],
    listeners: lb.listeners.map((listener) => ({
      ...listener,
      rules: [...listener.rules, { ref: 'r', name: 'hand', domain: 'hand.example.com', url: '', group: 'rsp-hand', settings: undefined }],
    })),
  }))
  await its.settle(without(['shop'], []))
  expect(domains(its.lb())).toContain('hand.example.com')
  expect(its.look()?.diff.verdicts[0]?.reason).toContain('stays while rules are on it that are not ours (hand)')
})
