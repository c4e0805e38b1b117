// Pauses: a label on the daemon's own service, or a tag on one load balancer, and nothing is written; everything else goes on.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { planOnce } from '../src/app.ts'
import type { StatusPage } from '../src/board.ts'
import { readConfig } from '../src/config.ts'
import { ask } from '../src/http/client.ts'
import { silent } from './support/board.ts'
import { serviceJson } from './support/engine-json.ts'
import { type Stand, startStand, swarmService, until } from './support/stand.ts'

const SELF = 'swarmslbservice'
let stand: Stand
let directory: string
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'swarm-slb-'))
  stand = await startStand({
    env: {
      SLB_ID: 'lb-1,lb-2',
      SLB_RESYNC_INTERVAL: '1s',
      SLB_SERVICE_ID: SELF,
      SLB_TASK_ID: 'task1',
      SLB_NODE_ID: 'node1',
      SLB_WRITER: 'always',
      SLB_SOCKET: join(directory, 'slb.sock'),
    },
    state: {
      loadBalancers: [
        { id: 'lb-1', name: 'front', address: '127.0.0.1' },
        { id: 'lb-2', name: 'back', address: '127.0.0.2' },
      ],
    },
  })
})
afterEach(async () => {
  await stand.close()
  rmSync(directory, { recursive: true, force: true })
})

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const self = (labels: Readonly<Record<string, string>> = {}) => serviceJson({ id: SELF, name: 'slb', labels })
const paused = (value: string) => self({ 'slb.pause': value })
const web = (port: number, lb = 'lb-1') => swarmService(`web${port}`, 22_000 + port, { 'slb.port.80': `http://${lb}:${port}` })
const writes = () => stand.simulator.requests.counts().writes
const calls = (action: string) => stand.simulator.requests.counts().byAction[action] ?? 0
const runs = (port: number) =>
  stand.simulator.state.loadBalancers.some((lb) => lb.listeners.some((one) => one.port === port && one.status === 'running'))
const logged = (...texts: readonly string[]) => stand.logged.filter((line) => texts.every((text) => line.includes(text)))
const soon = (ms: number) => new Date(Date.now() + ms).toISOString()
const socketPath = () => join(directory, 'slb.sock')
const page = async (): Promise<StatusPage> =>
  JSON.parse((await ask({ socketPath: socketPath() }, { path: '/status.json', timeoutMs: 5000 })).text)

describe('slb.pause on the own service', () => {
  test('ends all writes, tells who and what waits, and what waited is done when it is taken off', async () => {
    stand.services([self(), web(8080)])
    stand.start()
    await until('the first listener runs', () => runs(8080))
    stand.services([paused('true alice: new certificates'), web(8080)])
    await until('it is told', () => logged('paused: nothing is written', '"by":"alice: new certificates"').length === 1)
    const before = writes()
    stand.services([paused('true alice: new certificates'), web(8080), web(9090, 'lb-2')])
    await until('the plan is told', () => logged('change planned (paused)', 'create listener http:9090').length === 1)
    await wait(200)
    expect(writes()).toBe(before)
    const { paused: rows, role } = await page()
    expect(role).toBe('leader')
    expect(rows).toMatchObject([
      {
        loadBalancer: '*',
        by: 'alice: new certificates',
        until: '',
        waiting: expect.arrayContaining([expect.stringMatching(/^back: create listener http:9090/)]),
      },
    ])
    stand.services([self(), web(8080), web(9090, 'lb-2')])
    await until('what waited is done', () => runs(9090))
    expect((await page()).paused).toEqual([])
    expect(logged('paused: nothing is written: over')).toHaveLength(1)
  })

  test('is over by itself at its time', async () => {
    const end = Date.now() + 1200
    stand.services([paused(`${soon(1200)} bob`), web(8080)])
    stand.start()
    await until('it is told', () => logged('paused: nothing is written').length === 1)
    await until('the listener runs', () => runs(8080))
    expect(Date.now()).toBeGreaterThanOrEqual(end)
  })

  test('that cannot be read pauses, and is a problem that says what was expected', async () => {
    stand.services([paused('tomorrow'), web(8080)])
    stand.start()
    await until('it is told', () => logged('"message":"problem"').length + logged('expected true, or a time with its zone').length > 0)
    await wait(200)
    expect(writes()).toBe(0)
    expect((await page()).problems).toEqual([expect.objectContaining({ kind: 'label', subject: 'slb' })])
  })

  test('of another service is none of ours: it is a mistake of that service', async () => {
    stand.services([self(), web(8080), swarmService('other', 31_000, { 'slb.pause': 'true' })])
    stand.start()
    await until('the listener runs', () => runs(8080))
    expect((await page()).problems).toMatchObject([{ subject: 'other', text: expect.stringContaining('slb.freeze') }])
  })

  test('finishes what has begun: a listener that is being replaced is not left deleted', async () => {
    stand.services([self(), web(8080)])
    stand.start()
    await until('the listener runs', () => runs(8080))
    stand.simulator.settings.latencyMs = 150
    stand.services([self(), swarmService('web8080', 30_080, { 'slb.port.80': 'tcp://lb-1:8080' })])
    await until('the old one is being deleted', () => calls('DeleteLoadBalancerListener') === 1)
    stand.services([paused('true'), swarmService('web8080', 30_080, { 'slb.port.80': 'tcp://lb-1:8080' })])
    await until('the new one runs', () => stand.lb().listeners.some(({ protocol, status }) => protocol === 'tcp' && status === 'running'))
    await until('it is told', () => logged('paused: nothing is written').length === 1)
  })

  test('holds approvals back', async () => {
    stand.services([self(), web(8080), web(8081)])
    stand.start()
    await until('both run', () => runs(8080) && runs(8081))
    stand.services([self()])
    await until('they are held', () => logged('delete is held').length === 2)
    stand.services([paused('true')])
    await until('it is told', () => logged('paused: nothing is written').length === 1)
    const { status, text } = await ask({ socketPath: socketPath() }, { method: 'POST', path: '/approve', body: {}, timeoutMs: 5000 })
    expect([status, JSON.parse(text).error]).toEqual([409, 'writing is paused: approve when the pause is over'])
    expect(runs(8080) && runs(8081)).toBe(true)
  })

  test('closes nothing either, and status says loudly what leads astray', async () => {
    stand.services([self(), web(8080)])
    stand.start()
    await until('the listener runs', () => runs(8080))
    stand.services([paused('true'), swarmService('thief', 30_080)])
    for (let tries = 0; tries < 200 && (await page()).paused?.[0]?.astray.length !== 1; tries += 1) await wait(10)
    expect((await page()).paused?.[0]?.astray).toEqual(['front: tcp:8080'])
    expect(runs(8080)).toBe(true)
    expect(logged('leads to a port of another service and is not stopped')).toHaveLength(1)
    stand.services([self(), swarmService('thief', 30_080)])
    await until('it is stopped', () => !runs(8080))
  })
})

describe('the tag swarm-slb:pause', () => {
  const tag = (value: string | undefined) => {
    const lb = stand.lb()
    lb.tags = [
      ...lb.tags.filter(({ key }) => key !== 'swarm-slb:pause'),
      ...(value === undefined ? [] : [{ key: 'swarm-slb:pause', value }]),
    ]
  }

  test('ends writes on its load balancer alone', async () => {
    tag('true')
    stand.services([self(), web(8080), web(9090, 'lb-2')])
    stand.start()
    await until('the other one is served', () => runs(9090))
    await until('the plan is told', () => logged('change planned (paused)', 'create listener http:8080').length === 1)
    expect(stand.lb().listeners).toEqual([])
    expect(stand.lb().tags).toHaveLength(1)
    const { paused: rows, loadBalancers } = await page()
    expect(rows).toMatchObject([{ loadBalancer: 'front', until: '' }])
    expect(loadBalancers.find(({ id }) => id === 'lb-1')).toMatchObject({
      state: 'paused',
      reason: expect.stringContaining('tag swarm-slb:pause'),
    })
    tag(undefined)
    await until('the next look finds it gone', () => runs(8080))
  })

  test('is over by itself at its time', async () => {
    const end = Date.now() + 700
    tag(`${soon(700)} bob`)
    stand.services([self(), web(8080)])
    stand.start()
    await until('the listener runs', () => runs(8080))
    expect(Date.now()).toBeGreaterThanOrEqual(end)
  })

  test('that cannot be read pauses, and is a problem', async () => {
    tag('2026-01-31')
    stand.services([self(), web(8080)])
    stand.start()
    await until('it is told', () => logged('expected true, or a time with its zone').length > 0)
    expect((await page()).problems).toMatchObject([{ kind: 'loadBalancer', subject: 'front' }])
    expect(stand.lb().listeners).toEqual([])
  })
})

describe('a clock that was off at boot and has been set since', () => {
  /** What counts from boot on stays off. */
  const bootClockOff = (ms: number) => {
    Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + ms, configurable: true })
    onTestFinished(() => void Reflect.deleteProperty(performance, 'timeOrigin'))
  }

  test.each([-10, 10])('by %i minutes ends a pause neither early nor late', async (minutes) => {
    bootClockOff(minutes * 60_000)
    const end = Date.now() + 1500
    stand.lb().tags = [{ key: 'swarm-slb:pause', value: `${soon(1500)} bob` }]
    stand.services([paused(`${soon(1000)} alice`), web(8080), web(9090, 'lb-2')])
    stand.start()
    await until('the label is told', () => logged('paused: nothing is written', 'alice').length === 1)
    const since = (await page()).paused?.[0]?.since ?? ''
    expect(Math.abs(Date.parse(since) - Date.now())).toBeLessThan(10_000)
    await until('the one without a tag is served', () => runs(9090))
    expect(Date.now()).toBeGreaterThanOrEqual(end - 500)
    await until('the other one is served', () => runs(8080))
    expect(Date.now()).toBeGreaterThanOrEqual(end)
  })
})

test('plan says that it is paused, and what would be done', async () => {
  stand.lb().tags = [{ key: 'swarm-slb:pause', value: 'true bob' }]
  stand.services([paused('true alice'), web(8080), web(9090, 'lb-2')])
  const { loadBalancers, problems } = await planOnce(readConfig({ env: stand.env, flags: {} }), silent, new AbortController().signal)
  expect(problems).toEqual([])
  expect(loadBalancers).toMatchObject([
    {
      name: 'front',
      note: expect.stringMatching(/paused by bob.*paused by alice/),
      changes: expect.arrayContaining([expect.stringContaining('create listener')]),
    },
    { name: 'back', note: expect.stringMatching(/^paused by alice/) },
  ])
})
