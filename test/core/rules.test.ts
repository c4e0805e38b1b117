// Several services share one http listener: those with rules are guests on it, not losers.
import { describe, expect, test } from 'vitest'
import { parseMark } from '../../src/core/marks.ts'
import type { ActualListener, LoadBalancer } from '../../src/core/model.ts'
import { balancer, MINUTE, markOf, NOW, node, remembers, THREE } from '../support/build.ts'
import { guest, options, passes, sharing } from '../support/guests.ts'
import { PASS_RULES } from '../support/passes.ts'

const shop = guest('shop', 30001, ['shop.example.com'])
const api = guest('api', 30002, ['api.example.com', '*.example.com/api'])
const plain = guest('plain', 30009, [])
const EMPTY = 'swarm-slb/me/-/80-tcp'

const http = (lb: LoadBalancer): ActualListener | undefined => lb.listeners.find(({ key }) => key === 'tcp:80')
const holder = (lb: LoadBalancer) => parseMark(http(lb)?.note ?? '')?.service
const groupOf = (lb: LoadBalancer, ref: string | undefined) => lb.groups.find((group) => group.ref === ref)
const defaultOf = (lb: LoadBalancer) => {
  const target = http(lb)?.target
  return target?.kind === 'group' ? groupOf(lb, target.group)?.name : target?.kind === 'default' ? `default ${target.port}` : undefined
}
const rulesOf = (lb: LoadBalancer) =>
  Object.fromEntries(
    http(lb)?.rules.map(({ domain, url, group }) => [`${domain}${url}`, parseMark(groupOf(lb, group)?.name ?? '')?.service]) ?? [],
  )

const gone = (name: string, ...left: ReturnType<typeof guest>[]) =>
  sharing(left, { memory: remembers([name, ...left.map((one) => one.service.name)], { [name]: NOW - MINUTE }) })
const inGrace = (name: string, ...left: ReturnType<typeof guest>[]) =>
  sharing(left, { memory: remembers([name, ...left.map((one) => one.service.name)], { [name]: NOW }) })

describe('two services on one listener', () => {
  test('are told apart by rules: a group for each, an empty one for what no rule takes, and nobody loses', async () => {
    const its = passes()
    const lines = await its.settle(sharing([shop, api]))
    expect(its.failed).toEqual([])
    expect(lines.sort()).toEqual(
      [
        `create group ${EMPTY} with no backends`,
        `create group ${markOf('api')} with i-1:30002, i-2:30002, i-3:30002`,
        `create group ${markOf('shop')} with i-1:30001, i-2:30001, i-3:30001`,
        `create listener http:80 -> group ${EMPTY}`,
        `create 1 rule on listener http:80: shop.example.com -> group ${markOf('shop')}`,
        `create 2 rules on listener http:80: *.example.com/api -> group ${markOf('api')}, api.example.com -> group ${markOf('api')}`,
      ].sort(),
    )
    expect(its.look()?.problems).toEqual([])
    expect(holder(its.lb())).toBe('shop')
  })

  test('cost three writes each at most, and nothing when nothing changes', async () => {
    const its = passes()
    const guests = Array.from({ length: 12 }, (_, i) => guest(`s${i}`, 30000 + i, [`s${i}.example.com`]))
    const lines = await its.settle(sharing(guests))
    expect(lines.length).toBeLessThanOrEqual(12 * 3)
    expect(await its.pass(sharing(guests))).toEqual([])
  })

  test('have a row for each rule, with its state', async () => {
    const its = passes()
    await its.settle(sharing([shop, api]))
    await its.pass(sharing([shop, api]))
    expect(its.look()?.diff.verdicts.map(({ service, listener, state }) => `${service} ${listener} ${state}`)).toEqual([
      'shop http:80 shop.example.com exposed',
      'api http:80 api.example.com exposed',
      'api http:80 *.example.com/api exposed',
    ])
  })

  test('can be many ports of one service', async () => {
    const its = passes()
    const other = guest('shop', 30005, ['x.example.com'], {
      mark: { owner: 'me', service: 'shop', port: 90, transport: 'tcp', suffix: '' },
    })
    const both = sharing([shop])
    const [claim] = sharing([other]).claims
    await its.settle({ ...both, claims: [...both.claims, ...(claim === undefined ? [] : [claim])] })
    expect(
      its
        .lb()
        .groups.map(({ name }) => name)
        .sort(),
    ).toEqual([EMPTY, markOf('shop'), 'swarm-slb/me/shop/90-tcp'].sort())
  })

  test('that ask for different protocols do not share: the younger is refused with the reason', async () => {
    const its = passes()
    await its.settle(sharing([shop]))
    await its.pass(sharing([shop, guest('secure', 30003, ['s.example.com'], { protocol: 'https' })]))
    expect(its.look()?.problems[0]).toMatchObject({
      subject: 'secure',
      text: 'listener port 80/tcp is http, held by service shop, and not https',
    })
  })
})

describe('who holds a shared listener', () => {
  test('is the oldest guest, and stays so while it lives, whoever joins', async () => {
    const its = passes()
    await its.settle(sharing([api]))
    await its.settle(sharing([shop, api]))
    expect(holder(its.lb())).toBe('api')
  })

  test('a gone holder keeps it for its grace', async () => {
    const its = passes()
    await its.settle(sharing([shop, api]))
    expect(await its.pass(inGrace('shop', api))).toEqual([])
    expect(its.look()?.diff.verdicts.map(({ service, state }) => `${service} ${state}`)).toContain('shop removing')
  })

  test('then the mark passes to the oldest guest in one update, and what the holder had goes', async () => {
    const its = passes()
    await its.settle(sharing([shop, api]))
    const lines = await its.settle(gone('shop', api))
    expect(lines).toEqual([
      `update listener http:80: note -> ${markOf('api')}`,
      'delete 1 rule on listener http:80: shop.example.com',
      `delete group ${markOf('shop')}`,
    ])
    expect(its.lb().listeners).toHaveLength(1)
  })

  test('the listener goes with the last guest, its empty group after it', async () => {
    const its = passes()
    await its.settle(sharing([shop]))
    const lines = await its.settle(gone('shop'))
    expect(lines).toEqual(['delete listener http:80', `delete group ${EMPTY}`, `delete group ${markOf('shop')}`])
  })

  test('it stays while the rules of a guest are in grace', async () => {
    const its = passes()
    await its.settle(sharing([shop, api]))
    const memory = remembers(['shop', 'api'], { shop: NOW - MINUTE, api: NOW - 1000 })
    const lines = await its.pass(sharing([], { memory }))
    expect(lines.filter((line) => line.startsWith('delete listener'))).toEqual([])
    expect(rulesOf(its.lb())['api.example.com']).toBe('api')
  })

  test('two services without rules conflict as ever, and guests do not mind', async () => {
    const its = passes()
    await its.settle(sharing([plain, shop]))
    await its.pass(sharing([plain, shop, guest('second', 30010, [])]))
    expect(its.look()?.problems.map(({ subject, text }) => `${subject}: ${text}`)).toEqual([
      'second: listener port 80/tcp is held by service plain',
    ])
  })
})

describe('what no rule takes', () => {
  test('goes to the service that names the listener without rules', async () => {
    const its = passes()
    await its.settle(sharing([plain, shop]))
    expect(defaultOf(its.lb())).toBe('default 30009')
    expect(rulesOf(its.lb())).toEqual({ 'shop.example.com': 'shop' })
    expect(holder(its.lb())).toBe('plain')
  })

  test('which takes target, settings and mark over from a guest when it arrives', async () => {
    const its = passes()
    await its.settle(sharing([shop]))
    const tuned = guest('plain', 30009, [], options({ scheduler: 'rr' }))
    const lines = await its.settle(sharing([tuned, shop]))
    expect(holder(its.lb())).toBe('plain')
    expect(defaultOf(its.lb())).toBe(markOf('plain'))
    expect(http(its.lb())?.settings.scheduler).toBe('rr')
    expect(lines.at(-1)).toBe(`delete group ${EMPTY}`)
  })

  test('and when it goes, to the empty group, with the settings of the oldest guest', async () => {
    const its = passes()
    const tuned = guest('shop', 30001, ['shop.example.com'], options({ scheduler: 'rr' }))
    await its.settle(sharing([plain, tuned, api]))
    await its.settle(gone('plain', tuned, api))
    expect(defaultOf(its.lb())).toBe(EMPTY)
    expect(holder(its.lb())).toBe('shop')
    expect(http(its.lb())?.settings.scheduler).toBe('rr')
  })

  test('the empty group is never filled with nodes, and a drain does not touch it', async () => {
    const its = passes()
    await its.settle(sharing([shop]))
    const nodes = [...THREE.slice(1), node('n4'), node('n1', { availability: 'drain' })]
    await its.settle(sharing([shop]), nodes)
    expect(its.lb().groups.find(({ name }) => name === EMPTY)?.members).toEqual([])
  })

  test('an account that takes no empty group on a listener shows that failure, and the rules go on', async () => {
    const refusing = passes(balancer(), PASS_RULES, {
      around: (change, effect) => {
        if (change.kind === 'updateListener' && change.target !== undefined) throw new Error('VServerGroupEmpty')
        effect()
      },
    })
    await refusing.settle(sharing([plain, shop]))
    const more = guest('shop', 30001, ['shop.example.com', 'new.example.com'])
    await refusing.pass(gone('plain', more))
    expect(refusing.failed).toEqual(['VServerGroupEmpty'])
    expect(Object.keys(rulesOf(refusing.lb()))).toContain('new.example.com')
  })

  test('a service that gives up its rules keeps its traffic: the listener leads to it before the rules go', async () => {
    const its = passes()
    await its.settle(sharing([shop, api]))
    const lines = await its.settle(sharing([guest('shop', 30001, []), api]))
    const [update, remove] = [
      lines.findIndex((line) => line.startsWith('update listener')),
      lines.findIndex((line) => line.startsWith('delete 1 rule')),
    ]
    expect(update).toBeGreaterThan(-1)
    expect(remove).toBeGreaterThan(update)
    expect(its.look()?.diff.verdicts.map(({ service }) => service)).toContain('shop')
  })

  test('and one that gets rules has them before the listener leads elsewhere', async () => {
    const its = passes()
    await its.settle(sharing([guest('shop', 30001, [])]))
    const lines = await its.settle(sharing([shop]))
    expect(lines).toEqual([
      `create group ${EMPTY} with no backends`,
      `create group ${markOf('shop')} with i-1:30001, i-2:30001, i-3:30001`,
      `create 1 rule on listener http:80: shop.example.com -> group ${markOf('shop')}`,
      `update listener http:80: target default group on port 30001 -> group ${EMPTY}`,
    ])
  })
})

test('backends of a rule follow nodes as those of a listener do', async () => {
  const its = passes()
  await its.settle(sharing([shop]))
  await its.settle(sharing([shop]), [...THREE, node('n4')])
  expect(groupOf(its.lb(), http(its.lb())?.rules[0]?.group)?.members.map(({ server }) => server)).toContain('i-4')
})
