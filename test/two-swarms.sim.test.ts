// Two swarms and one load balancer: a swarm that was built anew, one that changed its owner's name, and two that live side by side by mistake.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { planOnce, type Tuning, takeOver } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { selfSigned } from './simulator/dataplane/certificate.ts'
import { silent } from './support/board.ts'
import { nodeJson } from './support/engine-json.ts'
import { engineInfo, type Stand, type StandOptions, startStand, swarmNodes, swarmService, until } from './support/stand.ts'

let a: Stand
let directory: string
const others: Stand[] = []
const RESYNC = { SLB_RESYNC_INTERVAL: '1s' }
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'two-swarms-'))
  const { cert, key } = selfSigned('shop.example.com')
  writeFileSync(join(directory, 'shop.crt'), cert)
  writeFileSync(join(directory, 'shop.key'), key)
  const far = Array.from({ length: 3 }, (_, index) => ({ id: `i-b${index + 1}`, privateIp: `10.8.0.${index + 1}` }))
  const near = Array.from({ length: 8 }, (_, index) => ({ id: `i-${index + 1}`, privateIp: `10.9.0.${index + 1}` }))
  a = await startStand({
    env: { ...RESYNC, SLB_CERT_DIR: directory },
    state: { loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }], instances: [...near, ...far] },
  })
})
afterEach(async () => {
  for (const stand of others.splice(0)) await stand.close()
  await a.close()
  rmSync(directory, { recursive: true, force: true })
})

/** Another swarm on other machines, unless `machines` says that they are the same. */
async function second(options: StandOptions & { readonly machines?: 'same' } = {}): Promise<Stand> {
  const stand = await startStand({ cluster: 'clusterB', sharing: a.simulator, ...options, env: { ...RESYNC, ...options.env } })
  others.push(stand)
  if (options.machines === 'same') return stand
  stand.engine.state.nodes = [1, 2, 3].map((n) =>
    nodeJson({ id: `node-${n}`, address: `10.8.0.${n}`, ...(n === 1 && { managerAddress: '10.8.0.1:2377', leader: true }) }),
  )
  return stand
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const tags = () => Object.fromEntries(a.lb().tags.map(({ key, value }) => [key, value]))
const notes = () => a.lb().listeners.map((one) => one.description)
const ports = () =>
  a
    .lb()
    .listeners.map(({ port }) => port)
    .sort()
const runs = (port: number) => a.listener(port)?.status === 'running'
const writes = () => a.simulator.requests.counts().writes
const logged = ({ logged: lines }: Stand, text: string) => lines.filter((line) => line.includes(text))
const changes = (stand: Stand) => logged(stand, '"message":"change applied"')
const web = (port: number) => swarmService(`web${port}`, 22_000 + port, { 'slb.port.80': `tcp://:${port}` })
/** No machine of the first swarm answers a health check any more. */
const falls = () => {
  for (const server of ['i-1', 'i-2', 'i-3']) a.simulator.health.set({ server }, 'abnormal')
}
const never = new AbortController().signal
const configOf = (stand: Stand) => readConfig({ env: stand.env, flags: {} })
const take = (stand: Stand, from: string, over: { readonly dryRun?: boolean; readonly force?: boolean } = {}) =>
  takeOver(configOf(stand), silent, { from, dryRun: false, force: false, onProgress: () => {}, ...over }, never)

async function serve(stand: Stand, ...numbers: readonly number[]): Promise<void> {
  await serveWith({}, stand, ...numbers)
}

async function serveWith(tuning: Tuning, stand: Stand, ...numbers: readonly number[]): Promise<void> {
  stand.services(numbers.map(web))
  stand.start(tuning)
  await until('all are served', () => numbers.every(runs), 8000)
}

describe('two that begin at once on a load balancer without a tag', () => {
  test('write the tag and look again before anything else: who lost it stops', async () => {
    a.services([web(8080)])
    a.start()
    await until('a wrote its tag', () => changes(a).length === 1)
    // The other one's tag came a moment later.
    a.lb().tags = [{ key: 'swarm-slb:me', value: 'clusterB' }]
    await until('a sees it', () => logged(a, 'names cluster clusterB').length > 0)
    await wait(300)
    expect(changes(a)).toHaveLength(1)
    expect(a.lb().listeners).toEqual([])
    expect(tags()).toEqual({ 'swarm-slb:me': 'clusterB' })
  })

  test('leave it to one of them', async () => {
    const b = await second()
    a.simulator.settings.latencyMs = 100
    a.services([web(8080)])
    b.services([web(9090)])
    a.start()
    b.start()
    await until('one of them serves', () => runs(8080) || runs(9090), 8000)
    a.simulator.settings.latencyMs = 0
    const loser = tags()['swarm-slb:me'] === 'clusterB' ? a : b
    await until('the other one tells', () => logged(loser, 'nothing is written').length > 0)
    await wait(300)
    expect(ports()).toEqual([loser === a ? 9090 : 8080])
    expect(changes(loser).filter((line) => !line.includes('tag load balancer'))).toEqual([])
  })
})

describe('a second swarm under the same owner', () => {
  test('writes nothing, also after a restart, and is told what it could do', async () => {
    await serve(a, 8080)
    const before = writes()
    const b = await second()
    b.services([swarmService('web', 31_090, { 'slb.port.80': 'tcp://:9090', 'slb.port.80.allow': '10.0.0.0/8' })])
    b.start()
    await until('it tells', () => logged(b, 'swarm-slb takeover --from me').length === 1)
    await b.stop()
    b.start()
    await until('it tells again', () => logged(b, 'swarm-slb takeover --from me').length === 2)
    await wait(300)
    expect(writes()).toBe(before)
    expect(a.simulator.state.acls).toEqual([])
  })

  test('does not take over while the first one answers, unless it is forced to', async () => {
    await serve(a, 8080)
    a.simulator.health.set({ server: 'i-1' }, 'normal')
    const b = await second()
    const refused = await take(b, 'me')
    expect(refused).toMatchObject({ done: 0, failed: [expect.stringContaining('seems to be alive')] })
    expect(tags()).toEqual({ 'swarm-slb:me': 'cluster0123456789' })
    expect(await take(b, 'me', { force: true })).toMatchObject({ done: 1, failed: [] })
    expect(tags()).toEqual({ 'swarm-slb:me': 'clusterB', 'swarm-slb:taken': 'me/cluster0123456789' })
  })

  test('takes over: the first one sees it at its next look, writes nothing more and never takes the tag back', async () => {
    await serve(a, 8080)
    const b = await second()
    await take(b, 'me', { force: true })
    a.services([web(8080), web(8081)])
    await until('a tells', () => logged(a, 'names cluster clusterB').length === 1)
    const before = changes(a).length
    a.services([])
    await wait(1500)
    await a.stop()
    a.start()
    await until('a tells again', () => logged(a, 'names cluster clusterB').length === 2)
    expect(changes(a)).toHaveLength(before)
    expect(tags()['swarm-slb:me']).toBe('clusterB')
    await serve(b, 9090)
    expect(ports()).toEqual([8080, 9090])
  })

  test('takes over load balancers that SLB_ALLOW names by a tag, too', async () => {
    await a.close()
    const env = { ...RESYNC, SLB_ID: 'front', SLB_ALLOW: 'team=shop' }
    const shop = { id: 'lb-2', name: 'shop', address: '127.0.0.2', tags: [{ key: 'team', value: 'shop' }] }
    a = await startStand({ env, state: { loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }, shop] } })
    const back = () => a.simulator.state.loadBalancers[1]
    a.services([web(8080), swarmService('web9090', 31_090, { 'slb.port.80': 'tcp://shop:9090' })])
    a.start()
    await until('both are served', () => runs(8080) && back()?.listeners[0]?.status === 'running', 8000)
    await a.stop()
    falls()
    const b = await second({ env })
    const report = await take(b, 'me')
    expect(report).toMatchObject({ failed: [], plans: [{ name: 'front' }, { name: 'shop' }] })
    expect([a.lb().tags, back()?.tags].map((all) => all?.find(({ key }) => key === 'swarm-slb:me')?.value)).toEqual([
      'clusterB',
      'clusterB',
    ])
  })

  test('takes nothing over where one load balancer could not be looked at, unless it is forced to', async () => {
    await a.close()
    const env = { ...RESYNC, SLB_ID: 'lb-1,lb-2' }
    const back = { id: 'lb-2', name: 'back', address: '127.0.0.2' }
    a = await startStand({ env, state: { loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }, back] } })
    await serve(a, 8080)
    await a.stop()
    falls()
    const b = await second({ env })
    const hideSecond = () =>
      a.simulator.faults.add({ action: 'DescribeLoadBalancerAttribute', nth: 2, as: { code: 'Forbidden.RAM', status: 403 } })
    hideSecond()
    const refused = await take(b, 'me')
    expect(refused).toMatchObject({ done: 0, failed: [expect.stringContaining('Forbidden.RAM'), expect.stringContaining('--force')] })
    expect(tags()).toEqual({ 'swarm-slb:me': 'cluster0123456789' })
    hideSecond()
    expect(await take(b, 'me', { force: true })).toMatchObject({ done: 1, failed: [expect.stringContaining('Forbidden.RAM')] })
    expect(tags()['swarm-slb:me']).toBe('clusterB')
  })
})

describe('our tag that somebody stripped', () => {
  const strip = () => {
    a.lb().tags = []
  }
  const OURS = { 'swarm-slb:me': 'cluster0123456789' }

  test('is written again by the swarm that had it, although nothing else is due, and also after a restart of its daemon', async () => {
    await serve(a, 8080)
    strip()
    await until('it is there again', () => tags()['swarm-slb:me'] === OURS['swarm-slb:me'])
    await a.stop()
    strip()
    a.start()
    await until('it is there again', () => tags()['swarm-slb:me'] === OURS['swarm-slb:me'])
    a.services([web(8080), web(8081)])
    await until('it goes on', () => runs(8081))
  })

  test('gives nothing to a second swarm under the same owner, which saw whose it was, or sees who answers', async () => {
    await serve(a, 8080)
    const b = await second()
    b.services([web(9090)])
    b.start()
    await until('it tells', () => logged(b, 'names cluster cluster0123456789').length === 1)
    await a.stop()
    strip()
    const before = writes()
    await until('it tells whose it was', () => logged(b, 'named cluster cluster0123456789').length === 1)
    await b.stop()
    b.start()
    await until('it tells who answers', () => logged(b, 'answer health checks').length === 1)
    // What was once seen to be alive may be ill for a while.
    falls()
    await wait(1300)
    expect(writes()).toBe(before)
    a.start()
    await until('the first one writes its tag again', () => tags()['swarm-slb:me'] === OURS['swarm-slb:me'])
    await wait(1300)
    expect([changes(b), ports()]).toEqual([[], [8080]])
  })

  test('of a swarm that is gone does not keep another one from taking over', async () => {
    await serve(a, 8080)
    await a.stop()
    strip()
    const b = await second()
    b.services([web(9090)])
    b.start()
    await until('it tells', () => logged(b, 'swarm-slb takeover --from me').length === 1)
    falls()
    expect(await take(b, 'me')).toMatchObject({ done: 1, failed: [] })
    expect(tags()).toEqual({ 'swarm-slb:me': 'clusterB', 'swarm-slb:taken': 'me/unknown' })
    await until('it goes on', () => runs(9090))
    expect(ports()).toEqual([8080, 9090])
  })
})

describe('a swarm that was built anew on the same machines', () => {
  /** A daemon for which ten minutes pass in 1.5 s looks often enough. */
  const FAST = { speed: 400 }
  const slowly = async () => {
    await a.close()
    a = await startStand({ env: { SLB_RESYNC_INTERVAL: '60s', SLB_CERT_DIR: directory } })
  }
  const anew = (stand: Stand) => {
    stand.engine.state.info = engineInfo('clusterB')
  }

  test('is read-only until it takes over, then keeps what its services want and deletes nothing without approval', async () => {
    await slowly()
    await serveWith(FAST, a, 8080, 8081, 8082)
    const before = writes()
    anew(a)
    a.services([web(8080)])
    await until('it tells', () => logged(a, 'swarm-slb takeover --from me').length === 1)
    await wait(2000)
    expect(writes()).toBe(before)
    const shown = await take(a, 'me', { dryRun: true })
    expect(shown).toMatchObject({
      done: 0,
      failed: [],
      plans: [{ name: 'front', text: expect.stringContaining('3 listeners'), changes: [expect.stringContaining('swarm-slb:me=clusterB')] }],
    })
    expect(writes()).toBe(before)
    await take(a, 'me')
    await until('what is not wanted is held', () => logged(a, 'delete is held').length === 2)
    await wait(5000)
    expect(ports()).toEqual([8080, 8081, 8082])
    a.services([web(8080), web(9090)])
    await until('what is wanted is served', () => runs(9090))
    const all = [web(8080), web(8081), web(8082), web(9090)]
    a.services(all)
    await until('the sign is gone', () => tags()['swarm-slb:taken'] === undefined)
    a.services(all.slice(1))
    await until('one goes freely', () => ports().length === 3)
    const safe = { 'slb.port.80': 'https://:443', 'slb.port.80.cert-id': 'file:shop', 'slb.port.80.allow': '10.0.0.0/8' }
    a.services([...all.slice(1), swarmService('shop', 31_443, safe)])
    await until('it has its certificate and its list', () => runs(443))
    const keys = [...a.simulator.state.certificates, ...a.simulator.state.acls].flatMap((one) => one.tags.map(({ key }) => key))
    expect(keys).toEqual(['swarm-slb:me:clusterB', 'swarm-slb:me:clusterB'])
  })

  test('without an SLB_OWNER has another one, takes over from that and goes on', async () => {
    await a.close()
    a = await startStand({ env: { ...RESYNC, SLB_OWNER: '' } })
    await serve(a, 8080)
    anew(a)
    a.services([web(8080)])
    await until('it tells', () => logged(a, 'another swarm than before').length === 1)
    await take(a, 'cluster012')
    await until('it is served under the new name', () => notes().join() === 'swarm-slb/clusterB/web8080/80-tcp')
    a.services([web(8080), web(8081)])
    await until('it goes on', () => runs(8081))
    expect(tags()).toEqual({ 'swarm-slb:clusterB': 'clusterB' })
  })

  test('and lost its tag in the same moment is read-only all the same', async () => {
    await serve(a, 8080, 8081)
    const before = writes()
    a.lb().tags = []
    anew(a)
    a.services([web(8080)])
    await until('it tells', () => logged(a, 'named cluster cluster0123456789').length === 1)
    await wait(300)
    expect(writes()).toBe(before)
  })

  test('keeps everything when its daemon is started anew, and when another manager leads', async () => {
    await slowly()
    await serve(a, 8080, 8081)
    anew(a)
    await a.stop()
    a.services([])
    a.start(FAST)
    await until('it tells', () => logged(a, 'swarm-slb takeover --from me').length === 1)
    await take(a, 'me')
    await until('all are held', () => logged(a, 'delete is held').length === 2)
    await a.stop()
    a.engine.state.nodes = [...swarmNodes(3, { 'node-1': { leader: false }, 'node-2': { managerAddress: '10.9.0.2:2377', leader: true } })]
    a.start(FAST)
    await until('it is a standby', () => logged(a, '"role":"standby"').length === 1)
    a.nodes(swarmNodes(3))
    await until('it leads', () => logged(a, '"role":"leader"').length === 2)
    await until('all are held again', () => logged(a, 'delete is held').length === 4)
    // Longer than anything waits that is ever released by itself.
    await wait(5000)
    expect(ports()).toEqual([8080, 8081])
    expect(tags()['swarm-slb:taken']).toBe('me/cluster0123456789')
  })

  test('whose services came back has taken over for good: the sign of it goes', async () => {
    await serve(a, 8080, 8081)
    anew(a)
    await a.stop()
    await take(a, 'me')
    a.services([web(8080), web(8081)])
    a.start()
    await until('the sign is gone', () => tags()['swarm-slb:taken'] === undefined)
    expect(tags()).toEqual({ 'swarm-slb:me': 'clusterB' })
    expect(ports()).toEqual([8080, 8081])
  })
})

describe('a copy that was restored with the same cluster id', () => {
  const alarm = 'does a restored copy of this swarm write here, too?'

  test('is told by both, and neither takes the machines of the other one out', async () => {
    await serve(a, 8080)
    const copy = await second({ cluster: 'cluster0123456789' })
    copy.services([web(8080)])
    copy.start()
    await until('the original tells', () => logged(a, alarm).some((line) => line.includes('i-b1, i-b2, i-b3')))
    await until('the copy tells', () => logged(copy, alarm).some((line) => line.includes('i-1, i-2, i-3')))
    await wait(1300)
    expect(a.lb().backendServers.map(({ serverId, weight }) => `${serverId} ${weight}`)).toEqual(
      ['i-1', 'i-2', 'i-3', 'i-b1', 'i-b2', 'i-b3'].map((server) => `${server} 100`),
    )
  })

  test('is not told of a node that has just left and still answers', async () => {
    await serve(a, 8080)
    a.nodes(swarmNodes(2))
    await wait(2300)
    expect(logged(a, alarm)).toEqual([])
  })
})

describe('an SLB_OWNER that was changed', () => {
  const renamed = (cluster = 'cluster0123456789') =>
    second({ machines: 'same', cluster, env: { SLB_OWNER: 'new', SLB_BACKENDS: 'vserver-group' } })

  test('is read-only until it takes its own things over, in place, and everything is in step then', async () => {
    a.services([swarmService('api', 31_000, { 'slb.port.80': 'http://:8080', 'slb.port.80.scheduler': 'rr' }), web(9090)])
    a.start()
    await until('both are served', () => runs(8080) && runs(9090), 8000)
    await a.stop()
    const b = await renamed()
    b.services(a.engine.state.services)
    b.start()
    await until('it tells', () => logged(b, 'SLB_OWNER was me').length === 1)
    expect(changes(b)).toEqual([])
    expect(await take(b, 'me')).toMatchObject({ failed: [] })
    expect(notes()).toEqual(['swarm-slb/new/api/80-tcp', 'swarm-slb/new/web9090/80-tcp'])
    expect(new Set(a.lb().backendServers.map(({ description }) => description))).toEqual(new Set(['swarm-slb/new']))
    expect(tags()).toEqual({ 'swarm-slb:new': 'cluster0123456789' })
    expect(a.lb().listeners.every(({ status }) => status === 'running')).toBe(true)
    expect(a.simulator.requests.counts().byAction['DeleteLoadBalancerListener']).toBeUndefined()
    const plan = await planOnce(configOf(b), silent, never)
    expect(plan.loadBalancers).toMatchObject([{ changes: [], held: [], error: '' }])
    b.services([...b.engine.state.services, web(9091)])
    await until('it goes on', () => runs(9091))
  })

  test('with groups of its own renames them', async () => {
    await a.close()
    a = await startStand({ env: { ...RESYNC, SLB_BACKENDS: 'vserver-group' } })
    await serve(a, 8080)
    await a.stop()
    const b = await renamed()
    b.services([web(8080)])
    await take(b, 'me')
    expect(a.lb().groups.map(({ name, servers }) => [name, servers[0]?.description])).toEqual([
      ['swarm-slb/new/web8080/80-tcp', 'swarm-slb/new'],
    ])
    expect((await planOnce(configOf(b), silent, never)).inSync).toBe(true)
  })

  test('is finished by the next try where it was cut, a group renamed and its backends not', async () => {
    await a.close()
    a = await startStand({ env: { ...RESYNC, SLB_BACKENDS: 'vserver-group' } })
    await serve(a, 8080)
    await a.stop()
    const b = await renamed()
    b.services([web(8080)])
    a.simulator.faults.add({ action: 'SetVServerGroupAttribute', nth: 2, as: { code: 'Forbidden.RAM', status: 403 } })
    expect(await take(b, 'me')).toMatchObject({ failed: [expect.stringContaining('Forbidden.RAM')] })
    expect(a.lb().groups[0]).toMatchObject({ name: 'swarm-slb/new/web8080/80-tcp', servers: [{ description: 'swarm-slb/me' }, {}, {}] })
    expect((await planOnce(configOf(b), silent, never)).loadBalancers[0]?.error).toContain('SLB_OWNER was me')
    expect(await take(b, 'me')).toMatchObject({ failed: [] })
    expect((await planOnce(configOf(b), silent, never)).inSync).toBe(true)
  })

  test('is not taken over where a tag pauses', async () => {
    await serve(a, 8080)
    await a.stop()
    a.lb().tags = [...a.lb().tags, { key: 'swarm-slb:pause', value: 'true alice' }]
    const b = await renamed()
    expect(await take(b, 'me')).toMatchObject({ done: 0, failed: [expect.stringContaining('paused by alice')] })
    expect(notes()).toEqual(['swarm-slb/me/web8080/80-tcp'])
  })

  test('of another swarm that still lives is not taken back by it', async () => {
    await serve(a, 8080)
    const b = await renamed('clusterB')
    expect(await take(b, 'me')).toMatchObject({ failed: [] })
    await until('the first one tells', () => logged(a, 'took this load balancer over').length === 1)
    a.services([web(8080), web(8081)])
    await wait(1500)
    expect(tags()).toEqual({ 'swarm-slb:new': 'clusterB', 'swarm-slb:taken': 'me/cluster0123456789' })
    expect(ports()).toEqual([8080])
  })
})
