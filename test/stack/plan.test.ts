// What a stack file would expose, without and with a look at the load balancers.
import { describe, expect, test } from 'vitest'
import type { LoadBalancer } from '../../src/core/model.ts'
import { planStack, type StackRules } from '../../src/stack/plan.ts'
import { readStack } from '../../src/stack-file.ts'
import { balancer, LABEL_RULES, listener, markOf, toDefault } from '../support/build.ts'

const RULES: StackRules = { labels: LABEL_RULES, defaults: ['front'] }
const stackOf = (services: Readonly<Record<string, readonly [ports: readonly string[], labels: Readonly<Record<string, string>>]>>) => {
  const tree = Object.fromEntries(Object.entries(services).map(([name, [ports, labels]]) => [name, { ports, deploy: { labels } }]))
  return readStack([{ path: 'stack.yml', text: JSON.stringify({ services: tree }) }], {}, '')
}
const web = (labels: Readonly<Record<string, string>>, ports: readonly string[] = ['8080:80']) => stackOf({ web: [ports, labels] })
const groundOf = (lb: Partial<LoadBalancer>) => {
  const front = balancer({ name: 'front', ...lb })
  return { find: (ref: string) => (ref === 'front' ? front : undefined), problemOf: (ref: string) => `${ref} is not allowed` }
}

describe('a plan of a stack file', () => {
  test('says where each port goes, with what differs from the defaults', () => {
    const { ports, problems, offline } = planStack(
      web({ 'slb.port.80': 'http://:80;tcp://back:9000', 'slb.port.80.gzip': 'off', 'slb.port.80.scheduler': 'wrr' }, ['8080:80', '443']),
      RULES,
      undefined,
    )
    expect([problems, offline]).toEqual([[], true])
    expect(ports).toMatchObject([
      {
        port: '80/tcp',
        published: 8080,
        state: 'exposed',
        targets: [
          { loadBalancer: 'front', listener: 'http:80', options: { gzip: 'off' } },
          { loadBalancer: 'back', listener: 'tcp:9000', options: {} },
        ],
      },
      { port: '443/tcp', published: 'allocated', state: 'unexposed', reason: expect.stringContaining('add the label slb.port.443') },
    ])
  })

  test('names the pool, and a listener that follows a port which Swarm chooses', () => {
    const { ports } = planStack(web({ 'slb.port.80': 'tcp://' + ':' + '9' }), { ...RULES, defaults: ['a', 'b'] }, undefined)
    expect(ports[0]?.targets[0]?.loadBalancer).toBe('the first of a, b with room')
    const follows = planStack(web({ 'slb.port.80': 'tcp://front' }, ['80']), RULES, undefined)
    expect(follows.ports[0]?.targets[0]?.listener).toBe('tcp:allocated')
  })

  test('has the problems of labels, with service and port', () => {
    const { ports, problems } = planStack(web({ 'slb.port.80': 'ftp://:80' }), RULES, undefined)
    expect(ports[0]).toMatchObject({ state: 'frozen', targets: [] })
    expect(problems[0]).toContain('web 80/tcp: slb.port.80: "ftp://:80" is no target')
  })

  test('finds two services that want one listener or publish one port, and leaves guests alone', () => {
    const both = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>) =>
      planStack(stackOf({ a: [['8080:80'], a], b: [['8081:80'], b] }), RULES, undefined).problems
    const http = { 'slb.port.80': 'http://:80' }
    expect(both(http, { 'slb.port.80': 'tcp://:80' })).toEqual(['b 80/tcp: listener tcp:80 on front is wanted by a 80/tcp too'])
    expect(both(http, { ...http, 'slb.port.80.rules': 'b.example.com' })).toEqual([])
    expect(both({ ...http, 'slb.port.80.rules': 'a.example.com' }, { ...http, 'slb.port.80.rules': 'b.example.com' })).toEqual([])
    expect(planStack(stackOf({ a: [['80:80'], {}], b: [['80:81'], {}] }), RULES, undefined).problems).toEqual([
      'b: port 80/tcp is published by a too',
    ])
  })
})

describe('with a look at the cloud', () => {
  const now = (lb: Partial<LoadBalancer>, labels: Readonly<Record<string, string>> = {}, target = 'http://:80') => {
    const { ports, problems } = planStack(web({ 'slb.port.80': target, ...labels }), RULES, groundOf(lb))
    return [ports[0]?.targets[0]?.now, problems.length]
  }
  const there = (note: string, protocol: 'http' | 'tcp' = 'http') => ({ listeners: [listener(protocol, 80, toDefault(1), note)] })

  test.each<[what: string, lb: Partial<LoadBalancer>, labels: Record<string, string>, text: string, problems: number]>([
    ['nothing', {}, {}, 'new', 0],
    ['its own', there(markOf('web')), {}, 'exists', 0],
    ['its own of another protocol', there(markOf('web'), 'tcp'), {}, 'replaces tcp:80', 0],
    ["another service's", there(markOf('api')), {}, 'http:80 is held by service api of owner me', 1],
    ["another service's that it shares", there(markOf('api')), { 'slb.port.80.rules': 'x.example.com' }, 'joins http:80 of service api', 0],
    ['one by hand', there('by hand'), {}, 'http:80 is there and carries no mark; to take it over add the label adopt', 1],
    ['one by hand to adopt', there('by hand'), { 'slb.port.80.adopt': 'true' }, 'takes over http:80, which carries no mark', 0],
  ])('a listener meets %s', (_, lb, labels, text, problems) => {
    expect(now(lb, labels)).toEqual([text, problems])
  })

  test('a load balancer that is not allowed is a problem', () => {
    expect(now({}, {}, 'http://elsewhere:80')).toEqual(['elsewhere is not allowed', 1])
  })
})
