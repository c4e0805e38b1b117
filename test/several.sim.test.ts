// Several load balancers: targets that go their own ways, a pool, those that a tag allows, and a move from one to another.
import { afterEach, describe, expect, test } from 'vitest'
import type { StateFile } from '../src/simulator/world.ts'
import { type Stand, type StandOptions, startStand, swarmService, until } from './support/stand.ts'

let stand: Stand
afterEach(() => stand.close())

const TWO: StateFile = {
  loadBalancers: [
    { id: 'lb-1', name: 'front', address: '127.0.0.1' },
    { id: 'lb-2', name: 'back', address: '127.0.0.2' },
  ],
}

async function begin(env: Readonly<Record<string, string>>, options: StandOptions = {}): Promise<void> {
  stand = await startStand({ state: TWO, ...options, env: { SLB_RESYNC_INTERVAL: '1s', ...env } })
}

const lbOf = (id: string) => {
  const lb = stand.simulator.state.loadBalancers.find((one) => one.id === id)
  if (lb === undefined) throw new Error(`no load balancer ${id}`)
  return lb
}
const ports = (id: string) =>
  lbOf(id)
    .listeners.filter(({ status }) => status === 'running')
    .map(({ port }) => port)
    .toSorted((a, b) => a - b)
const places = () => `${ports('lb-1').join()} | ${ports('lb-2').join()}`
const is = (text: string, ms?: number) =>
  until(text, () => places() === text, ms).catch((error: Error) => Promise.reject(new Error(`${error.message}; it is ${places()}`)))
const service = (name: string, published: number, target: string, more: Readonly<Record<string, string>> = {}) =>
  swarmService(name, published, { 'slb.port.80': target, ...more })
const setTag = (id: string, key: string, value: string | undefined) => {
  const lb = lbOf(id)
  lb.tags = [...lb.tags.filter((tag) => tag.key !== key), ...(value === undefined ? [] : [{ key, value }])]
}

describe('two targets of one port', () => {
  test('have options of their own', async () => {
    await begin({ SLB_ID: 'lb-1,lb-2' })
    stand.services([
      service('web', 30000, 'http://front:8080;tcp://back:9090', {
        'slb.port.80.scheduler': 'rr',
        'slb.port.80.bandwidth@back': '20',
        'slb.port.80.sticky-session@front': 'on',
      }),
    ])
    stand.start()
    await is('8080 | 9090')
    expect(lbOf('lb-1').listeners[0]?.config).toMatchObject({ Scheduler: 'rr', Bandwidth: -1, StickySession: 'on' })
    expect(lbOf('lb-2').listeners[0]?.config).toMatchObject({ Scheduler: 'rr', Bandwidth: 20 })
  })

  test('go on by themselves: one load balancer that refuses holds up nothing on the other', async () => {
    await begin({ SLB_ID: 'lb-1,lb-2' })
    lbOf('lb-1').status = 'locked'
    stand.services([service('web', 30000, 'tcp://front:8080;tcp://back:8080')])
    stand.start()
    await is(' | 8080')
    // The old listener goes only when all of the new ones are up.
    stand.services([service('web', 30000, 'tcp://front:8081;tcp://back:8081')])
    await is(' | 8080,8081')
  })
})

describe('a pool', () => {
  test('keeps a port where its label had put it once the label names nothing any more', async () => {
    await begin({ SLB_ID: 'lb-1,lb-2' })
    stand.services([service('other', 30001, 'tcp://:9090'), service('web', 30000, 'tcp://back:8080')])
    stand.start()
    await is('9090 | 8080')
    stand.simulator.requests.reset()
    stand.services([service('other', 30001, 'tcp://:9090'), service('web', 30000, 'tcp://:8080')])
    await until('several looks', () => stand.simulator.requests.counts().reads > 12)
    expect(stand.simulator.requests.counts().writes).toBe(0)
    expect(places()).toBe('9090 | 8080')
  })

  test('fills the first load balancer, then the next, and keeps each port where it is through a restart', async () => {
    await begin({ SLB_ID: 'lb-1,lb-2', SLB_QUOTAS: 'listeners=2' })
    const web = (n: number) => service(`web${n}`, 30000 + n, `tcp://:${8000 + n}`)
    stand.services([1, 2, 3].map(web))
    stand.start()
    await is('8001,8002 | 8003')
    stand.services([web(1), web(3)])
    await is('8001 | 8003')
    await stand.stop()
    stand.start()
    stand.services([web(1), web(3), web(4), web(5)])
    await is('8001,8004 | 8003,8005')
  })

  test('says where there is no room, and uses room that somebody makes', async () => {
    await begin({ SLB_ID: 'lb-1,lb-2', SLB_QUOTAS: 'listeners=1' })
    stand.services([1, 2, 3].map((n) => service(`web${n}`, 30000 + n, `tcp://:${8000 + n}`)))
    stand.start()
    await is('8001 | 8002')
    stand.services([2, 3].map((n) => service(`web${n}`, 30000 + n, `tcp://:${8000 + n}`)))
    await is('8003 | 8002')
  })

  test('gives the same port of two services two load balancers', async () => {
    await begin({ SLB_ID: 'lb-1,lb-2' })
    stand.services([service('a', 30000, 'tcp://:80'), service('b', 30001, 'tcp://:80')])
    stand.start()
    await is('80 | 80')
  })
})

describe('SLB_ALLOW with a tag', () => {
  const TAGGED = { SLB_ID: 'lb-1', SLB_ALLOW: 'team=web' }

  test('allows the load balancers that carry it, by name, as soon as they do', async () => {
    await begin(TAGGED)
    stand.services([service('web', 30000, 'tcp://back:80')])
    stand.start()
    await until('the daemon has looked', () => stand.logged.some((line) => line.includes('role of this manager')))
    setTag('lb-2', 'team', 'web')
    await is(' | 80')
  })

  test('leaves what is on a load balancer that lost it', async () => {
    await begin(TAGGED)
    setTag('lb-2', 'team', 'web')
    stand.services([service('web', 30000, 'tcp://back:80')])
    stand.start()
    await is(' | 80')
    setTag('lb-2', 'team', undefined)
    await until('it is said', () => stand.logged.some((line) => line.includes('no longer carries the tag team=web')))
    stand.services([service('api', 30001, 'tcp://:81')])
    await is('81 | 80')
  })

  test('keeps what is known while the tag cannot be looked up', async () => {
    await begin(TAGGED)
    setTag('lb-2', 'team', 'web')
    stand.services([service('web', 30000, 'tcp://back:80')])
    stand.start()
    await is(' | 80')
    stand.simulator.settings.denied.push('DescribeLoadBalancers')
    await until('it is said', () => stand.logged.some((line) => line.includes('those known so far stay')))
    stand.services([service('web', 30000, 'tcp://back:80'), service('api', 30001, 'tcp://back:81')])
    await is(' | 80,81')
  })
})

describe('a move', () => {
  const MOVE = 'swarm-slb:move'
  const two = (...more: readonly object[]) =>
    stand.services([service('web', 30000, 'tcp://:80'), service('api', 30001, 'http://front:81'), ...more])

  test('has all on both, then on the new one alone, and follows the swarm all the time', async () => {
    await begin({ SLB_ID: 'lb-1', SLB_ALLOW: 'lb-2', SLB_MAX_DELETES: '0' })
    two()
    stand.start()
    await is('80,81 | ')
    setTag('lb-1', MOVE, 'lb-2')
    await is('80,81 | 80,81')
    two(service('late', 30002, 'tcp://:82'))
    await is('80,81,82 | 80,81,82')
    setTag('lb-1', MOVE, 'lb-2/withdraw')
    await is(' | 80,81,82')
    two()
    await until('another delete is held', () => stand.logged.some((line) => line.includes('delete is held')))
    expect(places()).toBe(' | 80,81,82')
  })

  test('that is on is taken up by a daemon that starts, in either state, without a delete', async () => {
    await begin({ SLB_ID: 'lb-1', SLB_ALLOW: 'lb-2' })
    two()
    setTag('lb-1', MOVE, 'lb-2')
    stand.start()
    await is('80,81 | 80,81')
    await stand.stop()
    const before = stand.simulator.requests.counts().writes
    stand.start()
    await until('it has read both', () => stand.logged.filter((line) => line.includes('role of this manager')).length === 2)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect([places(), stand.simulator.requests.counts().writes]).toEqual(['80,81 | 80,81', before])
    await stand.stop()
    setTag('lb-1', MOVE, 'lb-2/withdraw')
    stand.start()
    await is(' | 80,81')
    await stand.stop()
    stand.start()
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(places()).toBe(' | 80,81')
  })

  test('that is called off leaves the old load balancer as it was', async () => {
    await begin({ SLB_ID: 'lb-1', SLB_ALLOW: 'lb-2' })
    two()
    setTag('lb-1', MOVE, 'lb-2')
    stand.start()
    await is('80,81 | 80,81')
    setTag('lb-1', MOVE, undefined)
    await is('80,81 | ')
  })

  test('to a load balancer that is not allowed moves nothing', async () => {
    await begin({ SLB_ID: 'lb-1' })
    two()
    setTag('lb-1', MOVE, 'lb-2')
    stand.start()
    await is('80,81 | ')
    await until('it is said', () => stand.logged.some((line) => line.includes('not in SLB_ID or SLB_ALLOW')))
  })
})
