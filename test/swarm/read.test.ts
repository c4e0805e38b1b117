import nock from 'nock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectEngine } from '../../src/swarm/client.ts'
import { NotReady } from '../../src/swarm/errors.ts'
import { readSnapshot } from '../../src/swarm/read.ts'
import { infoJson, nodeJson, serviceJson, taskJson } from '../support/engine-json.ts'
import { type FakeEngine, fixture, json, startFakeEngine } from '../support/fake-engine.ts'

nock.restore()

let fake: FakeEngine
beforeEach(async () => {
  fake = await startFakeEngine()
})
afterEach(() => fake.close())

const never = new AbortController().signal
const read = (signal = never) => readSnapshot(connectEngine({ host: fake.host, callTimeoutMs: 300 }), signal)
const reason = async () =>
  read().then(
    () => 'ready',
    (error: unknown) => (error instanceof NotReady ? `${error.reason}: ${error.message}` : String(error)),
  )

test('a snapshot has both lists, the swarm and the leadership, with /info first and last', async () => {
  const snapshot = await read()
  expect(snapshot).toMatchObject({ clusterId: 'ogilzvd65vtq003jflxy55ygd', nodeId: 'y49oao301hopbfksw8luvjm1b', isLeader: true })
  expect(snapshot.services.map(({ name }) => name).sort()).toEqual(['blog', 'dns', 'plain', 'web'])
  expect(snapshot.nodes.map(({ hostname }) => hostname)).toEqual(['node-1', 'node-0'])
  expect([fake.requests[0], fake.requests.at(-1), fake.requests.length]).toEqual(['/info', '/info', 6])
})

describe('tasks', () => {
  const plain = serviceJson({ id: 'plain', name: 'plain', ports: [{ target: 80, published: 8080 }] })
  const host = (id = 'host') => serviceJson({ id, name: id, ports: [{ target: 80, published: 8081, mode: 'host' }] })
  const own = serviceJson({ id: 'slb', name: 'slb' })
  const port = { target: 80, published: 32_768, mode: 'host' }
  const readOwn = (ownId?: string) => readSnapshot(connectEngine({ host: fake.host }), never, ownId)
  /** What the engine was asked for tasks of. */
  const asked = () => {
    const lists: string[][] = []
    fake.answer('/tasks', (request, response) => {
      const filters = new URL(request.url ?? '', 'http://engine').searchParams.get('filters') ?? '{}'
      lists.push(JSON.parse(filters).service)
      json(200, [])(request, response)
    })
    return lists
  }

  test('are not asked for while no service has a port in host mode', async () => {
    fake.state.services = [plain]
    expect(await readOwn()).toMatchObject({ tasks: { status: 'notAsked' }, own: { status: 'notAsked' } })
    expect(fake.requests).not.toContain('/tasks')
  })

  test('are those of services with a port in host mode, between the two looks at /info', async () => {
    fake.state.services = [plain, host()]
    const lists = asked()
    expect((await readOwn()).tasks).toEqual({ status: 'read', tasks: [] })
    expect(lists).toEqual([['host']])
    expect(fake.requests.slice(-2)).toEqual(['/tasks', '/info'])
  })

  test('tell the ports they really have, and whether they run and shall go on', async () => {
    fake.state.services = [host()]
    fake.state.tasks = [
      taskJson({ id: 'old', service: 'host', node: 'a', desired: 'shutdown', ports: [port] }),
      taskJson({ id: 'new', service: 'host', node: 'a', state: 'preparing' }),
      taskJson({ id: 'gone', service: 'host', node: 'a', state: 'shutdown', desired: 'shutdown' }),
    ]
    expect((await readOwn()).tasks).toEqual({
      status: 'read',
      tasks: [
        {
          id: 'old',
          serviceId: 'host',
          nodeId: 'a',
          running: true,
          leaving: true,
          ports: [{ target: 80, published: 32_768, transport: 'tcp', mode: 'host' }],
        },
        { id: 'new', serviceId: 'host', nodeId: 'a', running: false, leaving: false, ports: [] },
      ],
    })
  })

  test('of the own service come with them in one call, and are kept apart', async () => {
    fake.state.services = [host(), own]
    fake.state.tasks = [
      taskJson({ id: 'one', service: 'host', node: 'a' }),
      taskJson({ id: 'first', service: 'slb', node: 'a', desired: 'shutdown' }),
      taskJson({ id: 'second', service: 'slb', node: 'a', state: 'starting' }),
      taskJson({ id: 'third', service: 'slb', node: 'b', state: 'preparing' }),
    ]
    const { tasks, own: seen } = await readOwn('slb')
    expect(tasks).toMatchObject({ tasks: [{ id: 'one' }] })
    expect(seen).toEqual({
      status: 'read',
      tasks: [
        { id: 'first', nodeId: 'a', state: 'running', leaving: true },
        { id: 'second', nodeId: 'a', state: 'starting', leaving: false },
      ],
    })
    expect(fake.requests.filter((path) => path === '/tasks')).toHaveLength(1)
  })

  test('of the own service are none where the swarm does not know it', async () => {
    fake.state.services = [plain]
    expect((await readOwn('slb')).own).toEqual({ status: 'read', tasks: [] })
  })

  test('that a socket proxy refuses are a reading without them, which names what is to be allowed', async () => {
    fake.state.services = [host(), own]
    fake.answer('/tasks', json(403, { message: 'Forbidden' }))
    const refused = { status: 'refused', reason: expect.stringContaining('TASKS') }
    expect(await readOwn('slb')).toMatchObject({ services: [{ name: 'host' }, { name: 'slb' }], tasks: refused, own: refused })
  })

  test.each([
    ['fail', json(500, { message: 'disk full' }), /^engine: GET \/tasks: 500 disk full/],
    ['do not come', () => {}, /^engine: GET \/tasks: no complete answer/],
    ['are no list', json(200, null), /^engine: GET \/tasks: the answer is not JSON/],
    ['have no leader to come from', json(500, { message: 'The swarm does not have a leader.' }), /^noQuorum: /],
  ])('that %s end the reading: that is never "no tasks"', async (_, answer, expected) => {
    fake.state.services = [host()]
    fake.answer('/tasks', answer)
    expect(await reason()).toMatch(expected)
  })

  test('of a service that went in the same moment are read anew with everything else', async () => {
    fake.state.services = [plain, host()]
    fake.answer('/tasks', (request, response) => {
      fake.state.services = [plain]
      json(404, { message: 'service host not found' })(request, response)
    })
    expect(await readOwn()).toMatchObject({ services: [{ name: 'plain' }], tasks: { status: 'notAsked' } })
  })

  test('that are never there for a service that is listed end the reading', async () => {
    fake.state.services = [host()]
    fake.answer('/tasks', json(404, { message: 'service host not found' }))
    expect(await reason()).toMatch(/^engine: GET \/tasks: 404 service host not found/)
    expect(fake.requests.filter((path) => path === '/tasks')).toHaveLength(3)
  })

  test('of many services come in calls of a hundred', async () => {
    fake.state.services = Array.from({ length: 201 }, (_, index) => host(`host-${index}`))
    const lists = asked()
    await readOwn()
    expect(lists.map((list) => list.length).toSorted()).toEqual([1, 100, 100])
    expect(new Set(lists.flat()).size).toBe(201)
  })
})

test('a manager that does not lead reads the same snapshot as a standby', async () => {
  fake.state.nodes = [
    nodeJson({ id: 'a', address: '10.0.0.1', managerAddress: '10.0.0.1:2377' }),
    nodeJson({ id: 'b', address: '10.0.0.2', managerAddress: '10.0.0.2:2377', leader: true }),
  ]
  fake.state.info = infoJson({ nodeId: 'a' })
  const snapshot = await read()
  expect(snapshot.isLeader).toBe(false)
  expect(snapshot.nodes.map(({ leader }) => leader)).toEqual([false, true])
})

test('an empty list of services from a manager is believed', async () => {
  fake.state.services = []
  expect((await read()).services).toEqual([])
})

test.each([
  ['info-worker', 'worker: this node is a worker'],
  ['info-inactive', 'notInSwarm: this engine is not part of a swarm'],
  ['info-noquorum', /^noQuorum: .*does not have a leader/],
])('an engine that answers with %s is not ready', async (name, expected) => {
  fake.state.info = fixture(name)
  expect(await reason()).toMatch(expected)
  expect(fake.requests).toEqual(['/info'])
})

test.each([
  ['locked', { Swarm: { LocalNodeState: 'locked' } }, /^locked: /],
  ['an error of another kind', infoJson({ nodeId: 'a', error: 'certificate expired' }), /^swarmError: certificate expired/],
  ['no cluster', infoJson({ nodeId: 'a', clusterId: '' }), /^swarmError: /],
])('an engine whose swarm is %s is not ready', async (_, info, expected) => {
  fake.state.info = info
  expect(await reason()).toMatch(expected)
})

test.each([
  ['/services', 503, "This node is not a swarm manager. Worker nodes can't be used", /^worker: /],
  ['/nodes', 503, 'This node is not a swarm manager. Use "docker swarm init"', /^notInSwarm: /],
  ['/services', 500, 'The swarm does not have a leader.', /^noQuorum: /],
  ['/nodes', 500, 'disk full', /^engine: GET \/nodes: 500 disk full/],
])('one failed call ends the reading: %s answers %i %s', async (path, status, message, expected) => {
  fake.answer(path, json(status, { message }))
  expect(await reason()).toMatch(expected)
})

test('an engine that became another node during the reading gives no snapshot', async () => {
  fake.answer('/services', (request, response) => {
    fake.state.info = infoJson({ nodeId: 'another', clusterId: 'ogilzvd65vtq003jflxy55ygd' })
    json(200, [])(request, response)
  })
  expect(await reason()).toBe('changed: the engine became another node during the reading: y49oao301hopbfksw8luvjm1b, then another')
})

test('nor one that joined another swarm during the reading', async () => {
  fake.answer('/services', (request, response) => {
    fake.state.info = infoJson({ nodeId: 'y49oao301hopbfksw8luvjm1b', clusterId: 'another' })
    json(200, [])(request, response)
  })
  expect(await reason()).toMatch(/^changed: /)
})

test('an engine that lost its quorum during the reading gives no snapshot', async () => {
  fake.answer('/services', (request, response) => {
    fake.state.info = fixture('info-noquorum')
    json(200, [])(request, response)
  })
  expect(await reason()).toMatch(/^noQuorum: /)
})

test('a list of nodes without the own node is not believed', async () => {
  fake.answer('/nodes', json(200, []))
  expect(await reason()).toMatch(/^changed: the list of nodes lacks/)
})

test('a failed call lets the others go instead of waiting for them', async () => {
  const closed = Promise.withResolvers<void>()
  fake.answer('/services', (_, response) => void response.on('close', closed.resolve))
  fake.answer('/nodes', json(500, { message: 'no' }))
  expect(await reason()).toMatch(/^engine: /)
  await closed.promise
})

test('an aborted reading rejects with the reason of the abort', async () => {
  fake.answer('/services', () => {})
  const stop = new AbortController()
  setTimeout(() => stop.abort(new Error('stopping')), 30)
  await expect(read(stop.signal)).rejects.toThrow('stopping')
})
