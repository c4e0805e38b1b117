import type { RequestListener } from 'node:http'
import nock from 'nock'
import { describe, expect, test } from 'vitest'
import { connectEngine } from '../../src/swarm/client.ts'
import { checkWriter } from '../../src/swarm/leader.ts'
import type { WriterRule } from '../../src/swarm/writer.ts'
import { infoJson, nodeJson, serviceJson, taskJson } from '../support/engine-json.ts'
import { type EngineState, json, startFakeEngine } from '../support/fake-engine.ts'

nock.restore()

describe('the check before a write, without ids of an own task', () => {
  const managers = (leader: string) =>
    ['a', 'b'].map((id) => nodeJson({ id, address: '10.0.0.1', managerAddress: '10.0.0.1:2377', leader: id === leader }))
  const check = (host: string, mode: WriterRule['mode']) =>
    checkWriter(connectEngine({ host }), { mode, own: undefined }, 'a', AbortSignal.timeout(1000))
  const worker = { Swarm: { NodeID: 'a', LocalNodeState: 'active', ControlAvailable: false } }
  test.each([
    ['yes', 'on the leader', infoJson({ nodeId: 'a' }), managers('a'), true, true],
    ['no', 'on another manager, unless this process always writes', infoJson({ nodeId: 'a' }), managers('b'), false, true],
    ['no', 'where the engine became another node', infoJson({ nodeId: 'b' }), managers('a'), false, false],
    ['no', 'without a quorum', infoJson({ nodeId: 'a', error: 'no leader' }), managers('a'), false, false],
    ['no', 'on a worker', worker, managers('a'), false, false],
  ])('says %s %s', async (_, __, info, nodes, auto, always) => {
    const fake = await startFakeEngine({ info, nodes })
    expect(await check(fake.host, 'auto')).toBe(auto)
    expect(await check(fake.host, 'leader')).toBe(auto)
    expect(await check(fake.host, 'always')).toBe(always)
    expect(fake.requests).not.toContain('/tasks')
    await fake.close()
  })

  test('rejects where nothing answers', async () => {
    await expect(check('unix:///nowhere', 'auto')).rejects.toThrow('ENOENT')
  })
})

describe('the check before a write, of a task', () => {
  const own = { serviceId: 'slb', taskId: 'task-a', nodeId: 'a' }
  const nodes = (leader: string) =>
    ['a', 'b'].map((id) => nodeJson({ id, address: '10.0.0.1', managerAddress: '10.0.0.1:2377', leader: id === leader }))
  const services = [serviceJson({ id: 'slb', name: 'slb' })]
  const task = (id: string) => taskJson({ id: `task-${id}`, service: 'slb', node: id })
  const [a, b] = [task('a'), task('b')]
  const check = async (state: Partial<EngineState>, mode: WriterRule['mode'] = 'auto', answer?: RequestListener) => {
    const fake = await startFakeEngine({ info: infoJson({ nodeId: 'a' }), services, ...state })
    fake.answer('/tasks', answer)
    const engine = connectEngine({ host: fake.host })
    const said = await checkWriter(engine, { mode, own }, 'a', AbortSignal.timeout(1000)).catch(String)
    return fake.close().then(() => said)
  }

  test.each<[says: boolean, where: string, state: Partial<EngineState>]>([
    [true, 'on the leader that runs it', { nodes: nodes('a'), tasks: [a, b] }],
    [false, 'where the leader runs one', { nodes: nodes('b'), tasks: [a, b] }],
    [true, 'where the leader runs none', { nodes: nodes('b'), tasks: [a] }],
    [false, 'where it is not in the list', { nodes: nodes('a'), tasks: [b] }],
    [false, 'without a quorum', { info: infoJson({ nodeId: 'a', error: 'no leader' }), nodes: nodes('a'), tasks: [a] }],
  ])('says %s %s', async (says, _, state) => {
    expect(await check(state)).toBe(says)
  })

  test('tells a task that is to end apart from one that another one has followed', async () => {
    const ends = taskJson({ id: 'task-a', service: 'slb', node: 'a', desired: 'shutdown' })
    expect(await check({ nodes: nodes('a'), tasks: [ends, b] })).toBe('leaving')
    expect(await check({ nodes: nodes('b'), tasks: [ends, b] })).toBe(false)
    expect(await check({ info: infoJson({ nodeId: 'a', error: 'no leader' }), nodes: nodes('a'), tasks: [ends, b] })).toBe(false)
  })

  test('goes by the leader where tasks are refused, by the own node even where the engine is another one', async () => {
    const refused = json(403, { message: 'no' })
    expect(await check({ nodes: nodes('a') }, 'auto', refused)).toBe(true)
    expect(await check({ nodes: nodes('b') }, 'auto', refused)).toBe(false)
    expect(await check({ nodes: nodes('b'), info: infoJson({ nodeId: 'b' }) }, 'auto', refused)).toBe(false)
  })

  test('does not ask for tasks where it does not go by them', async () => {
    const never = json(500, { message: 'never asked' })
    expect(await check({ nodes: nodes('a') }, 'leader', never)).toBe(true)
    expect(await check({ nodes: nodes('b') }, 'leader', never)).toBe(false)
    expect(await check({ nodes: nodes('b') }, 'always', never)).toBe(true)
    expect(await check({ nodes: nodes('b'), info: infoJson({ nodeId: 'a', error: 'no leader' }) }, 'always', never)).toBe(false)
  })

  test('is no answer where the list of tasks failed', async () => {
    expect(await check({ nodes: nodes('a') }, 'auto', json(500, { message: 'broken' }))).toMatch(/500 broken/)
  })
})
