// How a pass over one load balancer ends early, what goes first in it, and who closed a listener.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { describeChange } from '../src/core/describe.ts'
import { balancer, listener, markOf, node, service, threeMembers, toDefault, web, webListener } from './support/build.ts'
import { callError } from './support/memory-provider.ts'
import { offerOf } from './support/passes.ts'
import { api, type Ground, ground, inPlace, isCreate, pass, turnOfLoop } from './support/worker-ground.ts'

describe('a pass ends early', () => {
  test('when the wish changes: what began finishes, nothing else begins, and the new wish follows', async () => {
    const gate = Promise.withResolvers<void>()
    const its = ground({
      around: async (change, effect) => {
        if (change.kind === 'addBackends') await gate.promise
        effect()
      },
    })
    its.worker.offer(offerOf({ services: [web()] }))
    await turnOfLoop()
    its.worker.offer(offerOf({ services: [api()] }))
    gate.resolve()
    await its.worker.idle()
    expect(its.lines()).toEqual(['add i-1, i-2, i-3 to default group', 'create listener tcp:9090 -> default group on port 30001'])
    expect(its.outcomes[0]).toMatchObject({ result: { pending: 1, failed: [] } })
  })

  test('but not for the same wish offered again', async () => {
    const gate = Promise.withResolvers<void>()
    const its = ground({
      around: async (change, effect) => {
        if (change.kind === 'addBackends') await gate.promise
        effect()
      },
    })
    its.worker.offer(offerOf({ services: [web()] }))
    await turnOfLoop()
    its.worker.offer(offerOf({ services: [web()], resync: true }))
    gate.resolve()
    await its.worker.idle()
    expect(its.provider.opened).toHaveLength(1)
    expect(its.lines()).toHaveLength(2)
  })

  test('when its box is over: the world is read again at once and the rest follows', async () => {
    const its = ground({
      boxMs: 20,
      around: async (change, effect, turn) => {
        if (change.kind === 'addBackends') await new Promise((resolve) => turn.begin.addEventListener('abort', resolve))
        effect()
      },
    })
    await pass(its, { services: [web()] })
    expect(its.lines()).toEqual(['add i-1, i-2, i-3 to default group'])
    expect(its.worker.recheckAt()).toBe(its.clock.now)
    await pass(its, { services: [web()] })
    expect(its.lines()).toHaveLength(2)
    expect(its.failed).toEqual([])
  })

  test('but a slow reading takes no time from applying', async () => {
    const its = ground({ boxMs: 30, opens: () => sleep(60) })
    await pass(its, { services: [web()] })
    expect(its.lines()).toHaveLength(2)
  })

  test('what the end of a box left waiting is pending, not failed: the next pass is not delayed', async () => {
    const its = ground({
      boxMs: 20,
      around: async (_, __, turn) => {
        await new Promise((resolve) => turn.wait.addEventListener('abort', resolve))
        throw callError('pending')
      },
    })
    await pass(its, { services: [web()] })
    expect(its.failed).toEqual([])
    expect(its.worker.recheckAt()).toBe(its.clock.now)
  })
})

describe('stopping', () => {
  test('lets a begun create and start finish, and looks at nothing more', async () => {
    const gate = Promise.withResolvers<void>()
    const turns: boolean[][] = []
    const its = ground({
      lb: balancer({ members: threeMembers() }),
      around: async (change, effect, turn) => {
        if (isCreate(change)) await gate.promise
        turns.push([turn.begin.aborted, turn.wait.aborted])
        effect()
      },
    })
    its.worker.offer(offerOf({ services: [web()] }))
    await turnOfLoop()
    its.stop.abort()
    gate.resolve()
    await its.worker.idle()
    expect(its.lines()).toEqual(['create listener tcp:8080 -> default group on port 30000'])
    expect(its.provider.lb().listeners[0]?.status).toBe('running')
    expect(turns, 'nothing begins, but what began may wait in place').toEqual([[true, false]])
    its.worker.offer(offerOf({ services: [api()] }))
    await its.worker.idle()
    expect(its.provider.opened).toHaveLength(1)
  })

  test('lets what has begun wait on when its box is over', async () => {
    let waits: boolean | undefined
    const its = ground({
      boxMs: 20,
      around: async (_, effect, turn) => {
        await sleep(40)
        waits = !turn.wait.aborted
        effect()
      },
    })
    its.worker.offer(offerOf({ services: [web()] }))
    await turnOfLoop()
    its.stop.abort()
    await its.worker.idle()
    expect(waits).toBe(true)
  })

  test('begins no further change of a chain', async () => {
    const gate = Promise.withResolvers<void>()
    const its = ground({
      around: async (_, effect) => {
        await gate.promise
        effect()
      },
    })
    its.worker.offer(offerOf({ services: [web()] }))
    await turnOfLoop()
    its.stop.abort()
    gate.resolve()
    await its.worker.idle()
    expect(its.lines()).toEqual(['add i-1, i-2, i-3 to default group'])
  })

  test('what still waits when the time for finishing is over gives up', async () => {
    const its = ground({
      around: async (_, __, turn) => {
        await new Promise((resolve) => turn.wait.addEventListener('abort', resolve))
        throw callError('pending')
      },
    })
    its.worker.offer(offerOf({ services: [web()] }))
    await turnOfLoop()
    its.stop.abort()
    its.giveUp.abort()
    await its.worker.idle()
    expect(its.provider.written).toEqual([])
    expect(its.failed).toEqual([])
  })
})

describe('urgency', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => service(`s${i}`, 31_000 + i, { 'slb.port.80': `tcp://:${9000 + i}` }))
  const priorities = (its: Ground) => new Map(its.provider.written.map(({ change, turn }) => [describeChange(change), turn.priority]))

  test('a few changed services go before bulk work', async () => {
    const its = ground()
    await pass(its, { services: many(11) })
    expect(new Set(priorities(its).values())).toEqual(new Set([0]))
    await pass(its, { services: [...many(11), web()], nodes: [node('n1'), node('n2'), node('n3'), node('n4')] })
    expect(priorities(its).get('create listener tcp:8080 -> default group on port 30000')).toBe(1)
    expect(priorities(its).get('add i-4 to default group')).toBe(0)
  })

  test('what was left undone for an unchanged service is no urgent change after a pass that ended well', async () => {
    const its = ground()
    await pass(its, { services: [web()] })
    its.provider.edit((lb) => ({ ...lb, listeners: [] }))
    await pass(its, { services: [web()], resync: true })
    expect(its.provider.written.at(-1)).toMatchObject({ change: { kind: 'createListener' }, turn: { priority: 0 } })
  })
})

describe('who closed a listener', () => {
  test('a person, where this process saw it run: it is marked and stays closed', async () => {
    const its = ground({ lb: inPlace() })
    await pass(its, { services: [web()] })
    its.provider.edit((lb) => ({ ...lb, listeners: [webListener({ status: 'stopped' })] }))
    await pass(its, { services: [web()], resync: true })
    await pass(its, { services: [web()], resync: true })
    expect(its.provider.lb().listeners[0]).toMatchObject({ status: 'stopped', note: markOf('web', '/closed') })
  })

  test('nobody, where a create was left without its start: it is started', async () => {
    let broken = true
    const its = ground({
      around: (change, effect) => {
        effect()
        if (!isCreate(change) || !broken) return
        broken = false
        its.provider.edit((lb) => ({ ...lb, listeners: lb.listeners.map((one) => ({ ...one, status: 'stopped' })) }))
        throw callError('failed')
      },
    })
    await pass(its, { services: [web()] })
    its.clock.now += 200
    await pass(its, { services: [web()] })
    expect(its.provider.lb().listeners[0]).toMatchObject({ status: 'running', note: markOf('web') })
  })

  test('nobody, where the leader before died between the create and the start of a replacement', async () => {
    const its = ground({ lb: inPlace() })
    await pass(its, { services: [web()], mayWrite: false })
    const http = web({ 'slb.port.80': 'http://:8080' })
    const settings = offerOf({ services: [http] }).claims[0]?.settings ?? {}
    const half = listener('http', 8080, toDefault(30000), markOf('web'), { status: 'stopped', settings })
    its.provider.edit((lb) => ({ ...lb, listeners: [half] }))
    await pass(its, { services: [http], fresh: true })
    expect(its.provider.lb().listeners[0]).toMatchObject({ status: 'running', note: markOf('web') })
  })

  test('we, where a replacement failed half way: it is started, not taken for closed by a person', async () => {
    let broken = true
    const its = ground({
      lb: inPlace(),
      around: (change, effect) => {
        effect()
        if (change.kind !== 'replaceListener' || !broken) return
        broken = false
        its.provider.edit((lb) => ({ ...lb, listeners: lb.listeners.map((one) => ({ ...one, status: 'stopped' })) }))
        throw callError('refused')
      },
    })
    await pass(its, { services: [web()] })
    await pass(its, { services: [web({ 'slb.port.80': 'http://:8080' })] })
    expect(its.failed).toHaveLength(1)
    its.clock.now += 200
    await pass(its, { services: [web({ 'slb.port.80': 'http://:8080' })] })
    expect(its.lines().at(-1)).toBe('start listener http:8080')
    expect(its.provider.lb().listeners[0]).toMatchObject({ status: 'running', protocol: 'http', note: markOf('web') })
  })

  test('a listener that another service of ours stood on is known by its key only while it runs', async () => {
    const its = ground({
      lb: balancer({ members: threeMembers(), listeners: [listener('tcp', 8080, toDefault(30000), markOf('web'), { status: 'stopped' })] }),
    })
    await pass(its, { services: [web()] })
    expect(its.lines()).toEqual(['start listener tcp:8080'])
  })
})
