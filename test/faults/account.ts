// The account of the scenario: two load balancers that the daemon may use, and beside its things those of other people.
import type { LoadBalancer, StateFile, World } from '../../src/simulator/world.ts'
import { CERTIFICATES } from './certificates.ts'

const STRANGER = CERTIFICATES.stranger

/** Names and descriptions of other people's things may look like ours. */
export const account = (): StateFile => ({
  loadBalancers: [
    {
      id: 'lb-1',
      name: 'front',
      address: '127.0.0.1',
      createdAt: '2026-01-01T00:00:00Z',
      tags: [{ key: 'team', value: 'web' }],
      groups: [{ id: 'rsp-ssh', name: 'ssh', servers: [{ serverId: 'i-8', port: 22, weight: 7 }] }],
      listeners: [{ port: 22, protocol: 'tcp', status: 'running', description: 'by hand', vServerGroupId: 'rsp-ssh' }],
    },
    {
      id: 'lb-2',
      name: 'back',
      address: '127.0.0.2',
      createdAt: '2026-01-01T00:00:00Z',
      groups: [{ id: 'rsp-old', name: 'swarm-slb/other/web/80-tcp', servers: [{ serverId: 'i-8', port: 81 }] }],
      listeners: [
        {
          port: 81,
          protocol: 'http',
          status: 'stopped',
          description: 'swarm-slb/other/web/80-tcp',
          vServerGroupId: 'rsp-old',
          aclStatus: 'on',
          aclType: 'white',
          aclIds: ['acl-stranger'],
          rules: [{ id: 'rule-old', name: 'old', domain: '', url: '/old', vServerGroupId: 'rsp-old' }],
        },
      ],
    },
    { id: 'lb-3', name: 'other', address: '127.0.0.3', backendServers: [{ serverId: 'i-1' }], createdAt: '2026-01-01T00:00:00Z' },
  ],
  certificates: [{ id: 'cert-stranger', name: 'swarm-slb/me/shop/0123456789ab', certificate: STRANGER.cert, privateKey: STRANGER.key }],
  acls: [{ id: 'acl-stranger', name: 'swarm-slb/me/gated/80-tcp', entries: [{ entry: '198.51.100.0/24' }] }],
})

/** Everything that is not ours, to the byte. */
export function foreign(world: World): string {
  const parts = world.loadBalancers.map(({ id, listeners, groups, tags, backendServers, ...lb }) =>
    id === 'lb-3'
      ? { id, listeners, groups, tags, backendServers, ...lb }
      : {
          ...{ id, ...lb },
          tags: tags.filter(({ key }) => !key.startsWith('swarm-slb:')),
          groups: groups.filter((group) => FOREIGN.has(group.id)),
          listeners: listeners.filter(({ port }) => FOREIGN_PORTS.has(port)),
        },
  )
  const certificates = world.certificates.filter(({ id }) => FOREIGN.has(id))
  const acls = world.acls.filter(({ id }) => FOREIGN.has(id))
  return JSON.stringify([parts, certificates, acls])
}

const FOREIGN = new Set(['rsp-ssh', 'rsp-old', 'cert-stranger', 'acl-stranger'])
const FOREIGN_PORTS = new Set([22, 81])

const byText = <T>(items: readonly T[]): readonly T[] => items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

/** Ids become what they stand for; what was made when, and in which order, does not count. */
function nameIds(world: World): (id: string | undefined) => string {
  const names = new Map<string, string>()
  for (const { groups } of world.loadBalancers) for (const { id, name } of groups) names.set(id, `group ${name}`)
  for (const { id, name, tags } of world.certificates) names.set(id, `certificate ${name} ${tags.map(({ value }) => value).join()}`)
  for (const { id, name, tags } of world.acls) names.set(id, `list ${name} ${tags.map(({ value }) => value).join()}`)
  return (id) => (id === undefined ? '' : (names.get(id) ?? id))
}

function canonicalBalancer(lb: LoadBalancer, nameOf: (id: string | undefined) => string): object {
  return {
    id: lb.id,
    status: lb.status,
    tags: byText(lb.tags),
    default: byText(lb.backendServers),
    groups: byText(lb.groups.map(({ name, servers, tags }) => ({ name, servers: byText(servers), tags }))),
    listeners: byText(
      lb.listeners.map(({ rules, domainExtensions, vServerGroupId, aclIds, aclType, config, transition, ...listener }) => ({
        ...listener,
        group: nameOf(vServerGroupId),
        // What was set before the access control was switched off stays behind, and says nothing.
        access: listener.aclStatus === 'on' ? [aclType, ...byText(aclIds.map(nameOf))] : [],
        config: { ...config, ServerCertificateId: nameOf(String(config['ServerCertificateId'] ?? '')) },
        rules: byText(rules.map(({ id, vServerGroupId: group, ...rule }) => ({ ...rule, group: nameOf(group) }))),
        extensions: byText(domainExtensions.map(({ domain, certificateId }) => `${domain} ${nameOf(certificateId)}`)),
      })),
    ),
  }
}

/** The whole account in a form in which two accounts are equal when they do the same. */
export function canonical(world: World): string {
  const nameOf = nameIds(world)
  const shared = {
    certificates: byText(world.certificates.map(({ id, createdAt, ...one }) => one)),
    acls: byText(world.acls.map(({ id, createdAt, entries, ...one }) => ({ ...one, entries: byText(entries) }))),
  }
  return JSON.stringify({ balancers: world.loadBalancers.map((lb) => canonicalBalancer(lb, nameOf)), ...shared }, undefined, 1)
}

const MARK = /^swarm-slb\/me\/[^/]+\/\d+-(?:tcp|udp)/

/** Groups, certificates and lists of ours that are there twice: none of these has a name that the cloud keeps unique. */
export function doubles(world: World): readonly string[] {
  const own = (tags: readonly { key: string; value: string }[]) => tags.find(({ key }) => key.startsWith('swarm-slb:'))?.value
  const names = [
    ...world.loadBalancers.flatMap(({ id, groups }) =>
      groups.filter(({ name }) => MARK.test(name)).map(({ name }) => `${id} group ${name}`),
    ),
    ...world.certificates.flatMap(({ id, name, tags }) => (FOREIGN.has(id) ? [] : [`certificate ${own(tags) ?? name}`])),
    ...world.acls.flatMap(({ id, name, tags }) => (FOREIGN.has(id) ? [] : [`list ${own(tags) ?? name}`])),
  ]
  return names.filter((name, index) => names.indexOf(name) !== index)
}

const carries = (servers: readonly { readonly weight: number }[]) => servers.some(({ weight }) => weight > 0)

/** What answers clients now: listeners by their place, rules by theirs, and service ports by the mark of the listener. */
export function serving(world: World): ReadonlySet<string> {
  const served = new Set<string>()
  for (const lb of world.loadBalancers) {
    const groupOf = (id: string | undefined) =>
      id === undefined ? lb.backendServers : (lb.groups.find((one) => one.id === id)?.servers ?? [])
    for (const listener of lb.listeners.filter(({ status }) => status === 'running')) {
      const place = `${lb.id} ${listener.protocol === 'udp' ? 'udp' : 'tcp'}:${listener.port}`
      if (listener.forwardPort === undefined && !carries(groupOf(listener.vServerGroupId))) continue
      served.add(place)
      const mark = MARK.exec(listener.description)?.[0]
      if (mark !== undefined) served.add(mark)
      for (const rule of listener.rules) if (carries(groupOf(rule.vServerGroupId))) served.add(`${place} ${rule.domain}${rule.url}`)
    }
  }
  return served
}
