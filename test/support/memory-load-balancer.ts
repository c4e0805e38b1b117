// What each change makes of a load balancer, as a pure function that refuses what a cloud would refuse.
import {
  type ActualListener,
  type Change,
  DEFAULT_GROUP,
  type Group,
  type GroupRef,
  type ListenerKey,
  type ListenerSpec,
  type LoadBalancer,
  type Member,
  type Rule,
  type RuleSpec,
  type Target,
} from '../../src/core/model.ts'
import { CallError } from '../../src/providers/provider.ts'

const refuse = (action: string, code: string, message: string): never => {
  throw new CallError({ status: 'failed', action, code, message })
}

const sameMember = (a: Member, b: Member) => a.server === b.server && a.port === b.port

/** A group by its key, or by the mark that a plan gave it. */
function refOf(lb: LoadBalancer, ref: GroupRef): GroupRef {
  const group = lb.groups.find((one) => one.ref === ref) ?? lb.groups.filter((one) => one.name === ref).at(-1)
  return group?.ref ?? refuse('Plan', 'UnknownGroup', ref)
}

const targetOf = (lb: LoadBalancer, target: Target | undefined): Target | undefined =>
  target?.kind === 'group' ? { kind: 'group', group: refOf(lb, target.group) } : target

/** Which listeners use a group is told by the listeners. */
const linked = (lb: LoadBalancer): LoadBalancer => ({
  ...lb,
  groups: lb.groups.map((group) => ({
    ...group,
    listeners: lb.listeners.filter(({ target }) => target?.kind === 'group' && target.group === group.ref).map(({ key }) => key),
    rules: lb.listeners.flatMap(({ rules }) => rules.filter((rule) => rule.group === group.ref)).length,
  })),
})

function withMembers(lb: LoadBalancer, ref: GroupRef, edit: (members: readonly Member[]) => readonly Member[]): LoadBalancer {
  if (ref === DEFAULT_GROUP) return { ...lb, members: edit(lb.members) }
  const own = refOf(lb, ref)
  return { ...lb, groups: lb.groups.map((group) => (group.ref === own ? { ...group, members: edit(group.members) } : group)) }
}

function add(members: readonly Member[], more: readonly Member[]): readonly Member[] {
  const twice = more.find((member) => members.some((other) => sameMember(other, member)))
  return twice === undefined ? [...members, ...more] : refuse('AddBackends', 'Present', twice.server)
}

function set(members: readonly Member[], wanted: readonly Member[]): readonly Member[] {
  const missing = wanted.find((member) => !members.some((other) => sameMember(other, member)))
  if (missing !== undefined) return refuse('SetWeights', 'Absent', missing.server)
  return members.map((member) => wanted.find((one) => sameMember(one, member)) ?? member)
}

const without = (members: readonly Member[], gone: readonly Member[]) =>
  members.filter((member) => !gone.some((one) => sameMember(one, member)))

const find = (lb: LoadBalancer, key: ListenerKey): ActualListener =>
  lb.listeners.find((listener) => listener.key === key) ?? refuse('Listener', 'ListenerNotFound', key)

function create(lb: LoadBalancer, spec: ListenerSpec): LoadBalancer {
  if (lb.listeners.some(({ key }) => key === spec.key)) return refuse('CreateListener', 'ListenerAlreadyExists', spec.key)
  return {
    ...lb,
    listeners: [...lb.listeners, { ...spec, status: 'running', target: targetOf(lb, spec.target), rules: [], extensions: [] }],
  }
}

const removed = (lb: LoadBalancer, key: ListenerKey): LoadBalancer => ({
  ...lb,
  listeners: lb.listeners.filter((listener) => listener !== find(lb, key)),
})

function edited(lb: LoadBalancer, key: ListenerKey, patch: Partial<ActualListener>): LoadBalancer {
  const found = find(lb, key)
  return { ...lb, listeners: lb.listeners.map((listener) => (listener === found ? { ...listener, ...patch } : listener)) }
}

function deleteGroup(lb: LoadBalancer, ref: GroupRef): LoadBalancer {
  const own = refOf(lb, ref)
  const used = lb.groups.some((group) => group.ref === own && group.listeners.length + group.rules > 0)
  return used ? refuse('DeleteGroup', 'RspoolVipExist', own) : { ...lb, groups: lb.groups.filter((group) => group.ref !== own) }
}

function createGroup(lb: LoadBalancer, name: string, members: readonly Member[]): LoadBalancer {
  const taken = lb.groups.map(({ ref }) => Number(/^rsp-m(\d+)$/.exec(ref)?.[1] ?? 0))
  const group: Group = { ref: `rsp-m${Math.max(0, ...taken) + 1}`, name, members: add([], members), listeners: [], rules: 0 }
  return { ...lb, groups: [...lb.groups, group] }
}

/** A pair of host and path is unique on a listener. */
function withRule(lb: LoadBalancer, rules: readonly Rule[], { name, domain, url, group, settings }: RuleSpec): readonly Rule[] {
  if (rules.some((rule) => rule.domain === domain && rule.url === url))
    return refuse('CreateRules', 'DomainRuleDuplicated', `${domain}${url}`)
  return [...rules, { ref: `rule-${domain}${url}`, name, domain, url, group: refOf(lb, group), settings }]
}

const withRef = ({ domain, certificate }: { readonly domain: string; readonly certificate: string }) => ({
  ref: `de-${domain}`,
  domain,
  certificate,
})

function step(lb: LoadBalancer, change: Change): LoadBalancer {
  switch (change.kind) {
    case 'untagLoadBalancer':
      return { ...lb, tags: Object.fromEntries(Object.entries(lb.tags).filter(([key]) => !change.keys.includes(key))) }
    case 'tagLoadBalancer':
      return { ...lb, tags: { ...lb.tags, ...change.tags } }
    case 'createGroup':
      return createGroup(lb, change.name, change.members)
    case 'addBackends':
      return withMembers(lb, change.group, (members) => add(members, change.members))
    case 'setWeights':
      return withMembers(lb, change.group, (members) => set(members, change.members))
    case 'removeBackends':
      return withMembers(lb, change.group, (members) => without(members, change.members))
    case 'deleteGroup':
      return deleteGroup(lb, change.group)
    case 'renameGroup': {
      const own = refOf(lb, change.group)
      return { ...lb, groups: lb.groups.map((group) => (group.ref === own ? { ...group, name: change.name } : group)) }
    }
    case 'createListener':
      return create(lb, change.listener)
    case 'updateListener':
      return edited(lb, change.key, {
        settings: change.settings,
        ...(change.note === undefined ? {} : { note: change.note }),
        ...(change.target === undefined ? {} : { target: targetOf(lb, change.target) }),
      })
    case 'startListener':
      return edited(lb, change.key, { status: 'running', ...(change.note === undefined ? {} : { note: change.note }) })
    case 'stopListener':
      return edited(lb, change.key, { status: 'stopped', note: change.note })
    case 'deleteListener':
      return lb.listeners.some(({ key }) => key === change.key) ? removed(lb, change.key) : lb
    case 'createRules':
      return edited(lb, change.key, { rules: change.rules.reduce((rules, spec) => withRule(lb, rules, spec), find(lb, change.key).rules) })
    case 'updateRule':
      return edited(lb, change.key, {
        rules: find(lb, change.key).rules.map((rule) =>
          rule.ref === change.rule.ref
            ? { ...rule, settings: change.settings, ...(change.group === undefined ? {} : { group: refOf(lb, change.group) }) }
            : rule,
        ),
      })
    case 'deleteRules':
      return edited(lb, change.key, {
        rules: find(lb, change.key).rules.filter(({ ref }) => !change.rules.some((gone) => gone.ref === ref)),
      })
    case 'createExtension':
      return edited(lb, change.key, { extensions: [...find(lb, change.key).extensions, withRef(change)] })
    case 'updateExtension':
      return edited(lb, change.key, {
        extensions: find(lb, change.key).extensions.map((one) =>
          one.ref === change.extension.ref ? { ...one, certificate: change.certificate } : one,
        ),
      })
    case 'deleteExtension':
      return edited(lb, change.key, { extensions: find(lb, change.key).extensions.filter(({ ref }) => ref !== change.extension.ref) })
    case 'replaceListener':
      return create(removed(lb, change.listener.key), change.listener)
  }
}

/** Throws CallError where a cloud would say no; the load balancer is then as it was. */
export const applied = (lb: LoadBalancer, change: Change): LoadBalancer => linked(step(lb, change))
