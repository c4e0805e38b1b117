// Names and values that mean no good, from whoever may deploy a stack, join a node, or edit a load balancer: what they may say and reach.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { ask } from '../../src/http/client.ts'
import { loadWorld } from '../../src/simulator/load-world.ts'
import type { StateFile } from '../../src/simulator/world.ts'
import { run } from '../commands/terminal.ts'
import { openScene, wait } from '../lies/scene.ts'
import { swarmNodes, swarmService, until } from '../support/stand.ts'
import { freePort } from './program.ts'

const EVIL =
  '</script><script>alert(1)</script>"}\n# HELP evil x\nevil_total{a="b"} 1\u001b[2J\u001b]0;t\u0007\u009b31m\u202egnp.\u2028\u200f\\"\'%s$HOME`id`\u200b\u00ad\ufeff\u{e0041}'
const LONG = 'x'.repeat(10_000)
/** What steers a terminal, turns text around, cannot be seen, or ends a line that is none. */
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]|\p{Cf}|\p{Default_Ignorable_Code_Point}/u

type LoadBalancerFile = NonNullable<StateFile['loadBalancers']>[number]
type ListenerFile = NonNullable<LoadBalancerFile['listeners']>[number]

const ON_FRONT = {
  backendServers: [{ serverId: 'i-8', description: EVIL + LONG }],
  groups: [{ id: 'rsp-evil', name: EVIL + LONG, servers: [{ serverId: 'i-8', port: 80, description: EVIL }] }],
  listeners: [
    { port: 22, protocol: 'tcp', status: 'running', description: EVIL + LONG, backendServerPort: 22 },
    {
      port: 81,
      protocol: 'http',
      vServerGroupId: 'rsp-evil',
      description: EVIL,
      config: { HealthCheckDomain: EVIL },
      rules: [{ id: 'rule-evil', name: EVIL, domain: `${EVIL}${LONG}`, url: EVIL, vServerGroupId: 'rsp-evil' }],
    },
  ],
} satisfies Partial<LoadBalancerFile>
const OTHER = { port: 80, protocol: 'tcp', status: 'running', description: 'theirs', backendServerPort: 80 } satisfies ListenerFile

/** Three may be named, one of them is paused; the account has another one. */
const STATE: StateFile = {
  loadBalancers: [
    { id: 'lb-1', name: `front ${EVIL}${LONG}`, address: '127.0.0.1', ...structuredClone(ON_FRONT) },
    {
      id: 'lb-2',
      name: 'other',
      createdAt: '2026-01-01T00:00:00Z',
      address: '127.0.0.2',
      listeners: [OTHER],
      backendServers: [{ serverId: 'i-8' }],
    },
    { id: 'lb-3', name: `paused ${EVIL}`, address: '127.0.0.3', tags: [{ key: 'swarm-slb:pause', value: `true ${EVIL}${LONG}` }] },
    { id: 'lb-4', name: 'moving', address: '127.0.0.4', tags: [{ key: 'swarm-slb:move', value: `${EVIL}${LONG}` }] },
  ],
}

const nameless = (label: string) => ({ [label]: 'x' })

/** Of these the first is a good one, and the second has a strange name. */
const services = () => [
  swarmService('web', 30000, { 'slb.port.80': 'http://:8080;tcp://lb-3:8080;tcp://lb-4:8080' }),
  swarmService(`evil ${EVIL}${LONG}`, 30001, { 'slb.port.80': 'tcp://:8081' }),
  swarmService('value', 30002, { 'slb.port.80': EVIL, 'slb.port.80.scheduler': LONG }),
  swarmService('key', 30003, { ...nameless(`slb.port.80.${EVIL}`), [`slb.${LONG}`]: EVIL, 'slb.port.80': 'tcp://:8083' }),
  swarmService('reach', 30004, { 'slb.port.80': 'tcp://lb-2:80;tcp://other:81' }),
  swarmService('reach-option', 30008, { 'slb.port.80': 'tcp://:8088', 'slb.port.80.bandwidth@lb-2': '5' }),
  swarmService('foreign', 30005, { 'slb.port.80': 'tcp://:22' }),
  swarmService('look', 30006, { 'slb.pоrt.80': 'tcp://:8086', 'slb.port.80': 'httр://:8087' }),
  swarmService('pem', 30007, { 'slb.port.80': 'https://:8443', 'slb.port.80.cert-id': 'file:../../../etc/ssl/private/x' }),
  swarmService(`gone ${EVIL}${LONG}`, 30009, { 'slb.pause': EVIL, 'slb.freeze': EVIL }),
]

const nodes = () => {
  const [first = {}, second = {}, third] = swarmNodes(3).map((node) => ({ ...node, Description: { Hostname: `node ${EVIL}${LONG}` } }))
  const labels = { 'slb.weight': EVIL, 'slb.instance-id': EVIL + LONG }
  return [first, second, { ...third, Spec: { Labels: labels, Role: 'worker', Availability: 'active' } }]
}

async function hostile(context: TestContext) {
  const port = await freePort()
  const scene = await openScene(context, { env: { SLB_HTTP_ADDR: `127.0.0.1:${port}`, SLB_ALLOW: 'lb-3,lb-4' }, state: STATE })
  scene.stand.engine.state.nodes = nodes()
  scene.stand.services(services())
  scene.stand.start()
  await until('the good one runs', () => scene.running(8080), 20_000)
  await scene.told(/is not an allowed|not allowed|unknown load balancer|SLB_ALLOW/)
  return { scene, port }
}

const COMMANDS = [
  ['status'],
  ['status', '--json'],
  ['plan'],
  ['plan', '--json'],
  ['export', 'lb-1'],
  ['export', 'lb-1', '--terraform'],
  ['cleanup'],
  ['move', 'lb-1', 'lb-4'],
  ['takeover', '--from', EVIL],
  ['takeover', '--from', 'earlier'],
  ['approve'],
  ['approve', EVIL],
  ['healthcheck'],
  ['plan', '-f'],
]

/** Nothing in it steers a terminal, hides, or is a line that somebody made up. */
function expectHarmless(text: string, what: string): void {
  expect(UNSAFE.exec(text)?.[0], what).toBeUndefined()
  expect(text, what).not.toMatch(/^evil_total|^# HELP evil/m)
}

/** Nor does anything go on for ever. */
function expectShort(text: string, what: string): void {
  const at = text.indexOf('x'.repeat(300))
  expect(at < 0 ? '' : `${what}: …${text.slice(Math.max(0, at - 300), at)}`).toBe('')
}

describe('hostile names and values', { timeout: 90_000 }, () => {
  test('get into no page and no log as they are', async (context) => {
    const { scene, port } = await hostile(context)
    const http = { host: '127.0.0.1', port }
    const page = async (path: string) => (await ask(http, { path, timeoutMs: 5000 })).text
    const [metrics, json] = [await page('/metrics'), await page('/status.json')]
    const log = scene.stand.logged.join('')
    const pages = {
      '/': await page('/'),
      '/healthz': await page('/healthz'),
      '/readyz': await page('/readyz'),
      '/taskz': await page('/taskz'),
    }
    for (const [what, text] of Object.entries({ metrics, json, log, ...pages })) {
      expectHarmless(text, what)
      expectShort(text, what)
    }
    for (const line of log.split('\n').filter((text) => text !== '')) JSON.parse(line)
    for (const line of metrics.split('\n').filter((text) => text !== ''))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .*|\w+(\{(\w+="([^"\\]|\\.)*",?)*\})? [-+.\deInfNa]+)$/)
    expect(Buffer.byteLength(json)).toBeLessThan(40_000)
    expect(JSON.parse(json).ports.length).toBeGreaterThan(5)
  })

  test.for(['text', 'json'])('get out of no command as they are, with a log as %s', async (LOG_FORMAT, context) => {
    const { scene } = await hostile(context)
    const env = { ...scene.stand.env, LOG_FORMAT, LOG_LEVEL: 'trace', SLB_HTTP_ADDR: 'off' }
    const file = join(scene.directory, 'stack.yml')
    await writeFile(
      file,
      `services:\n  ${JSON.stringify(EVIL)}:\n    deploy:\n      labels: ${JSON.stringify({ 'slb.port.80': EVIL + LONG })}\n`,
    )
    const app = await import('../../src/app.ts')
    for (const args of COMMANDS) {
      const { code, out, err } = await run([...args, ...(args[1] === '-f' ? [file] : [])], { env, app, width: 200 })
      expect([0, 1, 2], args.join(' ')).toContain(code)
      expect((out + err).length, args.join(' ')).toBeGreaterThan(2)
      expectHarmless(out + err, args.join(' '))
      // Terraform is told what is there, all of it, in quotes.
      if (!args.includes('--terraform')) expectShort(out + err, args.join(' '))
    }
    const daemon = run(['run'], { env: { ...env, SLB_DRY_RUN: 'true', SLB_SOCKET: 'off' }, app, signal: AbortSignal.timeout(2500) })
    const { err } = await daemon
    expect(err).toMatch(/SLB_ALLOW/)
    expectHarmless(err, 'run')
    expectShort(err, 'run')
  })

  test('reach nothing but what is allowed', async (context) => {
    const { scene } = await hostile(context)
    await wait(1500)
    const listeners = scene.stand.lb().listeners.toSorted((a, b) => a.port - b.port)
    expect(listeners.map((one) => one.port)).toEqual([22, 81, 8080, 8081])
    // One of somebody else, made by hand: nothing of it has changed.
    expect(listeners[0]).toMatchObject(ON_FRONT.listeners[0] ?? {})
    for (const { description } of listeners.slice(2)) expect(description).toMatch(/^[ -~]{1,80}$/)
    const { state, requests } = scene.stand.simulator
    expect(state.loadBalancers[1]).toEqual(loadWorld(STATE).loadBalancers[1])
    const asked = requests.entries().map(({ params }) => JSON.stringify(params))
    expect(asked.filter((text) => /"lb-2"|other/.test(text))).toEqual([])
    expect(asked.some((text) => text.includes('"lb-1"'))).toBe(true)
  })
})
