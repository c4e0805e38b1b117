// The RAM policies that are shipped, held against what the daemon does: each is enough, and the scoped one lets nobody at another load
// balancer, not even who stole the key.
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { cleanUp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { Policy } from '../../src/simulator/policy.ts'
import type { StateFile } from '../../src/simulator/world.ts'
import { expose, openScene, type Scene, wait } from '../lies/scene.ts'
import { call, type Params } from '../simulator/client.ts'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { silent } from '../support/board.ts'
import { nodeJson } from '../support/engine-json.ts'
import { swarmNodes, swarmService, until } from '../support/stand.ts'

const [ONE, TWO, OTHER] = ['lb-bp1example0001', 'lb-bp1example0002', 'lb-bp1other00003'] as const
const policyOf = (file: string): Policy => JSON.parse(readFileSync(`config/${file}`, 'utf8'))

const STATE: StateFile = {
  loadBalancers: [
    { id: ONE, name: 'one', address: '127.0.0.1' },
    { id: TWO, name: 'two', address: '127.0.0.2' },
    {
      id: OTHER,
      name: 'other',
      address: '127.0.0.3',
      backendServers: [{ serverId: 'i-1' }],
      groups: [{ id: 'rsp-other', name: 'theirs', servers: [{ serverId: 'i-1', port: 80 }] }],
      listeners: [
        {
          port: 443,
          protocol: 'https',
          status: 'running',
          vServerGroupId: 'rsp-other',
          config: { ServerCertificateId: 'cert-other' },
          rules: [{ id: 'rule-other', name: 'r', domain: 'a.example.com', vServerGroupId: 'rsp-other' }],
          domainExtensions: [{ id: 'de-other', domain: 'b.example.com', certificateId: 'cert-other' }],
        },
      ],
    },
  ],
  certificates: [{ id: 'cert-other', ...asState(selfSigned('other.example.com')) }],
  caCertificates: [{ id: 'ca-1', certificate: selfSigned('ca.example.com').cert }],
}
function asState({ cert, key }: ReturnType<typeof selfSigned>) {
  return { certificate: cert, privateKey: key }
}

const open = (context: TestContext, policy: Policy, env: Readonly<Record<string, string>> = {}) =>
  openScene(context, {
    env: { SLB_ID: 'one', SLB_ALLOW: TWO, ...env },
    state: STATE,
    simulator: { settings: { policy } },
  })

async function putCertificates({ directory }: Scene): Promise<void> {
  for (const name of ['shop', 'more']) {
    const { cert, key } = selfSigned(`${name}.example.com`)
    await writeFile(join(directory, `${name}.crt`), cert)
    await writeFile(join(directory, `${name}.key`), key)
  }
}

const web = (over: Readonly<Record<string, string>> = {}) =>
  swarmService('web', 30000, { 'slb.port.80': `http://:8080;tcp://${TWO}:8080`, ...over })
const listed = (networks: string) => swarmService('listed', 30001, { 'slb.port.80': 'tcp://:8081', 'slb.port.80.allow': networks })
const MORE = { 'slb.port.80.domain-extensions': 'more.example.com:file:more' }
const shop = (over: Readonly<Record<string, string>>) =>
  swarmService('shop', 30002, {
    'slb.port.80': 'https://:8443',
    'slb.port.80.cert-id': 'file:shop',
    'slb.port.80.ca-cert-id': 'ca-1',
    ...over,
  })
const guest = (rules: string) =>
  swarmService('guest', 30003, {
    'slb.port.80': 'http://:8080',
    'slb.port.80.rules': rules,
    'slb.port.80.sticky-session': 'on',
  })
const dns = (over: Readonly<Record<string, string>> = {}) =>
  swarmService('dns', 0, { 'slb.port.53/udp': 'udp://:53', ...over }, [{ target: 53, published: 30004, protocol: 'udp' }])
/** It goes on where `web` was: its listener leads to this one until it is moved. */
const stranger = swarmService('stranger', 30000)

const gone = ({ stand }: Scene, ports: readonly number[]) =>
  until(`no listener on ${ports.join()}`, () => ports.every((port) => stand.listener(port) === undefined), 20_000)
const is = async ({ stand }: Scene, port: number, key: string, value: unknown) =>
  until(`${port} has ${key} ${value}`, () => stand.listener(port)?.config[key] === value, 10_000)
const rules = ({ stand }: Scene) => stand.listener(8080)?.rules ?? []

async function publish(scene: Scene): Promise<void> {
  await putCertificates(scene)
  await expose(scene, [web(), listed('10.0.0.0/8'), shop(MORE), guest('a.example.com; b.example.com'), dns()], [8080, 8081, 8443, 53])
  await until('the rules have what is theirs', () => rules(scene).filter(({ listenerSync }) => listenerSync === 'off').length === 2)
}

async function changeLabels(scene: Scene): Promise<void> {
  const { stand } = scene
  const limit = { 'slb.port.80.bandwidth': '5' }
  const services = [web(limit), listed('192.0.2.0/24'), shop({ ...MORE, ...limit })]
  stand.services([...services, guest('a.example.com; c.example.com'), dns({ 'slb.port.53/udp.bandwidth': '5' })])
  for (const port of [8080, 8443, 53]) await is(scene, port, 'Bandwidth', 5)
  const entries = () => stand.simulator.state.acls[0]?.entries.map(({ entry }) => entry).join()
  await until('the list has changed', () => entries() === '192.0.2.0/24', 10_000)
  await until('the rule has changed', () => rules(scene).some(({ domain }) => domain === 'c.example.com'))
}

async function renew(scene: Scene): Promise<void> {
  const { stand } = scene
  const used = () => [stand.listener(8443)?.config['ServerCertificateId'], stand.listener(8443)?.domainExtensions[0]?.certificateId]
  const before = used()
  await putCertificates(scene)
  await until('both certificates are new', () => used().every((id, index) => id !== before[index]), 20_000)
  await until('and the old ones gone', () => stand.simulator.state.certificates.every(({ id }) => !before.includes(id)), 20_000)
  stand.services([web(), shop({}), guest('a.example.com; c.example.com')])
  await until('the further one is taken off', () => stand.listener(8443)?.domainExtensions.length === 0, 10_000)
}

/** One node is drained, one comes and goes. */
async function changeNodes({ stand }: Scene): Promise<void> {
  const weight = (server: string) => stand.lb().backendServers.find(({ serverId }) => serverId === server)?.weight
  stand.nodes([...swarmNodes(3, { 'node-2': { availability: 'drain' } }), nodeJson({ id: 'node-4', address: '10.9.0.4' })])
  await until('one is drained, one is new', () => weight('i-2') === 0 && weight('i-4') === 100)
  stand.simulator.health.set({ server: 'i-4' }, 'abnormal')
  stand.nodes(swarmNodes(3))
  await until('the node that left is out', () => weight('i-4') === undefined, 10_000)
}

async function loseThePort(scene: Scene): Promise<void> {
  const { stand } = scene
  const moved = (over: Readonly<Record<string, string>> = {}) => swarmService('web', 30_010, { 'slb.port.80': 'http://:8080', ...over })
  stand.services([moved({ 'slb.freeze': 'true' }), stranger])
  await until('it is stopped', () => stand.listener(8080)?.status === 'stopped', 10_000)
  stand.services([moved(), stranger])
  await until('it runs again', () => stand.listener(8080)?.status === 'running', 10_000)
}

/** Everything that the daemon does in its life, then `cleanup`. */
async function live(scene: Scene): Promise<void> {
  const { stand } = scene
  const { state } = stand.simulator
  await publish(scene)
  await changeLabels(scene)
  await renew(scene)
  await gone(scene, [8081, 53])
  await changeNodes(scene)
  await loseThePort(scene)
  await gone(scene, [8443])
  await until('nothing of the region is left', () => state.acls.length === 0 && state.certificates.length === 1, 20_000)
  await stand.stop()
  const options = { dryRun: false, onProgress: () => {} }
  const { failed } = await cleanUp(readConfig({ env: stand.env, flags: {} }), silent, options, AbortSignal.timeout(20_000))
  expect(failed).toEqual([])
}

const sent = ({ stand }: Scene) => stand.simulator.requests.entries()
const refusals = (scene: Scene) => sent(scene).flatMap(({ action, code }) => (/^Forbidden/.test(code) ? [`${action} ${code}`] : []))
const otherIn = ({ stand }: Scene) => JSON.stringify(stand.simulator.state.loadBalancers.find(({ id }) => id === OTHER))
const granted = ({ Statement }: Policy) => Statement.flatMap(({ Action }) => Action)
const named = (action: string) => `${action === 'DescribeInstances' ? 'ecs' : 'slb'}:${action}`

describe.concurrent.each(['ram-policy.json', 'ram-policy-scoped.json'])('config/%s', (file) => {
  const policy = policyOf(file)

  test('is enough for everything that the daemon does, and everything in it is for something', { timeout: 90_000 }, async (context) => {
    const scene = await open(context, policy)
    const before = otherIn(scene)
    await live(scene)
    expect(refusals(scene)).toEqual([])
    expect(otherIn(scene)).toBe(before)
    const used = new Set(sent(scene).map(({ action }) => named(action)))
    expect(granted(policy).filter((action) => !used.has(action))).toEqual([])
  })

  test('without what is about certificates and lists is enough where no label asks for them', { timeout: 60_000 }, async (context) => {
    const needless = (action: string) => /Certificate|AccessControlList/.test(action)
    const Statement = policy.Statement.filter(({ Action }) => ![Action].flat().some(needless))
    expect(policy.Statement.length - Statement.length).toBe(3)
    const scene = await open(context, { ...policy, Statement })
    await expose(scene, [web(), guest('a.example.com'), dns()], [8080, 53])
    await wait(1500)
    expect(refusals(scene)).toEqual([])
    const [ca, list] = [{ 'slb.port.80.cert-id': 'file:shop' }, { 'slb.port.80.allow': '10.0.0.0/8' }]
    await putCertificates(scene)
    const asking = [
      swarmService('shop', 30002, { 'slb.port.80': 'https://:8443', ...ca }),
      swarmService('listed', 30001, { 'slb.port.80': 'tcp://:8081', ...list }),
    ]
    scene.stand.services([web(), guest('a.example.com'), dns(), ...asking])
    await scene.told(/slb:DescribeServerCertificates/)
    await scene.told(/slb:DescribeAccessControlLists/)
    expect(new Set(scene.stand.lb().listeners.map(({ port }) => port))).toEqual(new Set([8080, 53]))
  })
})

describe('with the scoped policy', () => {
  const policy = policyOf('ram-policy-scoped.json')
  const listener: Params = { LoadBalancerId: OTHER, ListenerPort: 443, ListenerProtocol: 'https' }
  const group: Params = { VServerGroupId: 'rsp-other', VServerGroupName: 'x', BackendServers: '[{"ServerId":"i-2","Port":80}]' }
  const part = { RuleId: 'rule-other', RuleIds: '["rule-other"]', RuleList: '[]', DomainExtensionId: 'de-other', Domain: 'x.example.com' }
  const tag: Params = { ResourceType: 'instance', 'ResourceId.1': OTHER, 'Tag.1.Key': 'x', 'TagKey.1': 'x' }
  const about = (action: string): Params => {
    if (/^(Un)?[Tt]ag/.test(action)) return tag
    if (/^(SetRule|DeleteRules|SetDomain|DeleteDomain)/.test(action)) return part
    if (/^(Add|Remove|Set|Delete)VServerGroup/.test(action)) return group
    return { ...group, ...part, ...listener, Bandwidth: 1, HealthCheck: 'off' }
  }

  test('who stole the key changes nothing of another load balancer', async (context) => {
    const scene = await open(context, policy)
    const before = otherIn(scene)
    const writes = granted(policy).flatMap((action) =>
      /^slb:(?!Describe|List|.*Certificate$|.*AccessControl)/.test(action) ? [action.slice(4)] : [],
    )
    expect(writes.length).toBeGreaterThan(20)
    for (const action of writes) {
      const { status, body } = await call(scene.stand.simulator, action, about(action))
      expect([action, status, body['Code']]).toEqual([action, 403, 'Forbidden.RAM'])
    }
    expect(otherIn(scene)).toBe(before)
  })

  test('a load balancer that SLB_ALLOW names and the policy does not is left alone, and the others are served', async (context) => {
    const scene = await open(context, policy, { SLB_ALLOW: OTHER })
    const before = otherIn(scene)
    await expose(scene, [web({ 'slb.port.80': `http://:8080;tcp://${OTHER}:8080` })], [8080])
    await scene.told('Forbidden.RAM')
    expect(otherIn(scene)).toBe(before)
  })
})
