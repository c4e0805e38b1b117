// Random swarms over random foreign ground, and a process that keeps memory in memory: the world of the property tests.
import fc from 'fast-check'
import { type Claim, newServicesMemory, readServices } from '../../src/core/claims.ts'
import { readService } from '../../src/core/labels.ts'
import type { LoadBalancer, Node, Service } from '../../src/core/model.ts'
import { NO_NODES, readNodes } from '../../src/core/nodes.ts'
import { NOTHING_REMEMBERED, type Remembered, reconcileOne } from '../../src/reconcile.ts'
import {
  balancer,
  found,
  group,
  LABEL_RULES,
  listener,
  MINUTE,
  member,
  NODE_RULES,
  node,
  OWNER,
  PLACES,
  port,
  service,
  toDefault,
  toGroup,
} from './build.ts'
import { type MemoryProvider, memoryProvider } from './memory-provider.ts'
import { PASS_RULES, sharedBy } from './passes.ts'

const IDS = ['lb-1', 'lb-2'] as const

const protocols = { tcp: fc.constantFrom('tcp', 'tcp', 'http', 'http', 'udp'), udp: fc.constantFrom('udp') }

/** Now and then one that does not fit the port. */
const targetOn = (transport: 'tcp' | 'udp') =>
  fc
    .tuple(protocols[transport], fc.constantFrom('', '', 'lb-1', 'lb-2'), fc.constantFrom(80, 81, 8080))
    .map(([protocol, lb, number]) => `${protocol}://${lb}:${number}`)

/** The last of each is wrong. */
const OPTIONS = {
  scheduler: ['wrr', 'rr', 'wrr', 'rr', 'fastest'],
  bandwidth: ['10', '-1', '10', '-1', 'much'],
  'health-check-interval': ['5', '10', '20', '5', '99'],
  adopt: ['true', 'false', 'false', 'false', 'perhaps'],
}
const RULES = ['a.example.com', 'a.example.com/x; b.example.com', '*.example.com; /x', 'b.example.com', 'c.example.com; d.example.com']
const options = fc.record(
  Object.fromEntries(
    Object.entries(OPTIONS).map(([name, values]) => [
      name,
      fc.option(fc.constantFrom(...values.slice(0, -1), ...values.slice(0, -1), ...values), { freq: 2 }),
    ]),
  ),
)

const mostly = <T>(usual: T, other: T) => fc.constantFrom(usual, usual, usual, usual, usual, usual, usual, other)

const labelsOf = (given: Readonly<Record<string, string | null>>) =>
  Object.fromEntries(Object.entries(given).flatMap(([key, value]) => (value === null ? [] : [[`slb.port.80.${key}`, value]])))

/** any: whatever there is. guests: nearly all of them share one http listener. */
export type Kind = 'any' | 'guests'

const sharedTarget = fc.constantFrom('http://:80', 'http://:80', 'http://:80', 'http://:81', 'http://lb-2:80')

const oneService = (name: string, kind: Kind): fc.Arbitrary<Service> =>
  (kind === 'any' ? fc.constantFrom('tcp' as const, 'tcp' as const, 'udp' as const) : fc.constant('tcp' as const)).chain((transport) =>
    fc
      .record({
        targets: fc.option(fc.array(kind === 'any' ? targetOn(transport) : sharedTarget, { minLength: 1, maxLength: 2 }), { freq: 6 }),
        given: options,
        rules: fc.option(fc.constantFrom(...RULES), { freq: kind === 'any' ? 3 : 6 }),
        published: fc.integer({ min: 30_000, max: 30_005 }),
        settled: mostly(true, false),
        enable: mostly('true', 'false'),
        freeze: mostly('false', 'true'),
        born: fc.integer({ min: 10, max: 30 }),
      })
      .map(({ targets, given, rules, published, settled, enable, freeze, born }) => {
        const where = targets === null ? {} : { 'slb.port.80': targets.join(';') }
        const shared = rules !== null && targets?.some((target) => target.startsWith('http')) ? { 'slb.port.80.rules': rules } : {}
        const labels = { ...labelsOf(given), ...shared, ...where, 'slb.enable': enable, 'slb.freeze': freeze }
        return service(name, published, labels, {
          settled,
          ports: [port(published, { transport })],
          createdAt: `2026-01-${born}T00:00:00Z`,
        })
      }),
  )

/** A node port belongs to one service at a time, as Swarm sees to it. */
const distinctPorts = (services: readonly Service[]): Service[] => {
  const taken = new Set<string>()
  return services.filter(({ ports: [first] }) => {
    const key = `${first?.transport}:${first?.published}`
    if (taken.has(key)) return false
    taken.add(key)
    return true
  })
}

const NAMES = ['a', 'b', 'c', 'd'] as const
const four = (kind: Kind) => fc.tuple(...NAMES.map((name) => oneService(name, kind)))
const fates = fc.tuple(...NAMES.map(() => fc.constantFrom('same', 'same', 'same', 'tuned', 'moved', 'changed', 'gone')))

/** tuned: other options. moved: another published port. changed: anything. */
function fated(one: Service, other: Service | undefined, fate: string | undefined): Service[] {
  if (fate === 'gone') return []
  if (fate === 'same' || other === undefined) return [one]
  if (fate === 'moved') return [{ ...one, ports: one.ports.map((first) => ({ ...first, published: other.ports[0]?.published })) }]
  const { 'slb.port.80': target, ...labels } = { ...other.labels, 'slb.port.80': one.labels['slb.port.80'] }
  return [fate === 'tuned' ? { ...one, labels: target === undefined ? labels : { ...labels, 'slb.port.80': target } } : other]
}

const oneNode = (id: string): fc.Arbitrary<Node> =>
  fc
    .record({
      state: fc.constantFrom('ready', 'ready', 'ready', 'ready', 'down', 'unknown'),
      availability: fc.constantFrom('active', 'active', 'active', 'pause', 'drain'),
      weight: fc.constantFrom(undefined, '50', '0', 'heavy'),
    })
    .map(({ weight, ...rest }) => node(id, { ...rest, labels: weight === undefined ? {} : { 'slb.weight': weight } }) as Node)

const someNodes: fc.Arbitrary<readonly Node[]> = fc
  .tuple(...['n1', 'n2', 'n3', 'n4', 'n5'].map((id) => fc.option(oneNode(id), { freq: 4 })))
  .map((nodes) => nodes.filter((one) => one !== null))

export type Moment = { readonly services: readonly Service[]; readonly nodes: readonly Node[]; readonly waits: number }

/** Services that stay, change or go from one moment to the next; `waits` are milliseconds before each. */
export const historyOf = (waits: readonly number[], maxLength: number, kind: Kind = 'any'): fc.Arbitrary<readonly Moment[]> =>
  fc
    .tuple(
      four(kind),
      fc.array(fc.record({ other: four(kind), fates, nodes: someNodes, waits: fc.constantFrom(...waits) }), { minLength: 1, maxLength }),
    )
    .map(([base, moments]) =>
      moments.map(({ other, fates: fate, nodes, waits: ms }) => {
        const services = base.flatMap((one, i) => fated(one, other[i], fate[i]))
        return { services: distinctPorts(services), nodes, waits: ms }
      }),
    )

/** What is not ours: by hand, of another owner, with marks that nearly look like ours. */
const FOREIGN = {
  listeners: [
    listener('tcp', 22, toGroup('rsp-hand'), 'ssh'),
    listener('tcp', 81, toGroup('rsp-them'), 'swarm-slb/them/a/80-tcp'),
    listener('tcp', 23, toGroup('rsp-hand'), `swarm-slb/${OWNER}/a/80-tcp `),
  ],
  groups: [
    group('rsp-hand', 'by hand', [member('i-1', { port: 22, note: 'x' }), member('i-9', { port: 22, note: '' })], {
      listeners: ['tcp:22', 'tcp:23'],
    }),
    group('rsp-them', 'swarm-slb/them/a/80-tcp', [member('i-2', { port: 30000, note: 'swarm-slb/them' })], { listeners: ['tcp:81'] }),
  ],
}

export const someGround: fc.Arbitrary<readonly LoadBalancer[]> = fc
  .record({ stranger: fc.boolean(), foreignDefault: fc.boolean(), foreign: fc.boolean() })
  .map(({ stranger, foreignDefault, foreign }) =>
    IDS.map((id) =>
      balancer({
        id,
        name: `name-${id}`,
        members: stranger ? [member('i-99', { note: 'database', weight: 30 })] : [],
        groups: foreign ? FOREIGN.groups : [],
        listeners: [...(foreign ? FOREIGN.listeners : []), ...(foreignDefault ? [listener('tcp', 24, toDefault(24), 'by hand')] : [])],
      }),
    ),
  )

export type World = {
  readonly provider: MemoryProvider
  readonly clock: { now: number }
  /** What the last pass found wanted. */
  claims(): readonly Claim[]
  /** Reads swarm and load balancers once, and does what is due; answers with the changes that were made and the text of what failed. */
  pass(services: readonly Service[], nodes: readonly Node[]): Promise<{ readonly written: number; readonly failed: readonly string[] }>
}

const NEVER = new AbortController().signal

/** The daemon's memory without its clockwork. */
export function worldOf(ground: readonly LoadBalancer[]): World {
  const clock = { now: 1_000_000_000 }
  const provider = memoryProvider(ground)
  const shared = sharedBy(...IDS)
  const remembered = new Map<string, Remembered>()
  let services = newServicesMemory(clock.now - 60 * MINUTE)
  let nodes = NO_NODES
  let claims: readonly Claim[] = []
  const turn = { begin: NEVER, wait: NEVER, priority: 0 }
  return {
    provider,
    clock,
    claims: () => claims,
    async pass(present, members) {
      const read = (one: Service) => readService(one, LABEL_RULES)
      const wanted = readServices(present, read, PLACES, OWNER, services, clock.now)
      const backends = readNodes(members, found(members), nodes, NODE_RULES, clock.now)
      services = wanted.memory
      claims = wanted.claims
      nodes = backends.memory
      const before = provider.written.length
      const failed: string[] = []
      for (const id of IDS) {
        const task = {
          ...{ id, provider, wanted, backends, rules: PASS_RULES, members: 'cached' as const, driftOnly: false, mayWrite: true },
          remembered: remembered.get(id) ?? NOTHING_REMEMBERED,
          turnOf: () => turn,
          hooks: {
            begins: () => {},
            applied: () => {},
            failed: ({ error }: { error: Error }) => void failed.push(error.message),
            now: () => clock.now,
          },
          now: () => clock.now,
          signal: NEVER,
        }
        const outcome = await reconcileOne(task, shared, (look) => void remembered.set(id, look.remembered))
        if (outcome.status === 'failed') failed.push(String(outcome.error.stack))
      }
      return { written: provider.written.length - before, failed }
    },
  }
}
