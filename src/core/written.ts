// A reading with a change of our own that has taken effect since: until it is read again, others go by this. What it does not tell
// (settings, weights, extensions) stays as it was read.
import { type ActualListener, type Change, DEFAULT_GROUP, type Group, type ListenerKey, type LoadBalancer, type Member } from './model.ts'

type Edit<T> = (one: T) => T

const withListener = (lb: LoadBalancer, key: ListenerKey, edit: Edit<ActualListener>): LoadBalancer => ({
  ...lb,
  listeners: lb.listeners.map((one) => (one.key === key ? edit(one) : one)),
})

/** A group by its key, or by the mark under which a plan made it. */
const withGroup = (lb: LoadBalancer, ref: string, edit: Edit<Group>): LoadBalancer => ({
  ...lb,
  groups: lb.groups.map((one) => (one.ref === ref ? edit(one) : one)),
})

const withMembers = (lb: LoadBalancer, ref: string, edit: Edit<readonly Member[]>): LoadBalancer =>
  ref === DEFAULT_GROUP ? { ...lb, members: edit(lb.members) } : withGroup(lb, ref, (one) => ({ ...one, members: edit(one.members) }))

const isSame = (a: Member, b: Member) => a.server === b.server && a.port === b.port
const without = (members: readonly Member[], gone: readonly Member[]) => members.filter((one) => !gone.some((other) => isSame(one, other)))

function inGroups(lb: LoadBalancer, change: Change): LoadBalancer {
  switch (change.kind) {
    case 'createGroup':
      return { ...lb, groups: [...lb.groups, { ref: change.name, name: change.name, members: change.members, listeners: [], rules: 0 }] }
    case 'addBackends':
      return withMembers(lb, change.group, (members) => [...without(members, change.members), ...change.members])
    case 'removeBackends':
      return withMembers(lb, change.group, (members) => without(members, change.members))
    case 'deleteGroup':
      return { ...lb, groups: lb.groups.filter(({ ref }) => ref !== change.group) }
    case 'renameGroup':
      return withGroup(lb, change.group, (one) => ({ ...one, name: change.name }))
    default:
      return lb
  }
}

function inRules(lb: LoadBalancer, change: Change): LoadBalancer {
  switch (change.kind) {
    case 'createRules': {
      const more = change.rules.map((rule) => ({ ...rule, ref: `${rule.domain}${rule.url}` }))
      return withListener(lb, change.key, (one) => ({ ...one, rules: [...one.rules, ...more] }))
    }
    case 'updateRule': {
      const { group, rule } = change
      const edit = (rules: ActualListener['rules']) =>
        rules.map((one) => (one.ref === rule.ref && group !== undefined ? { ...one, group } : one))
      return withListener(lb, change.key, (one) => ({ ...one, rules: edit(one.rules) }))
    }
    case 'deleteRules':
      return withListener(lb, change.key, (one) => ({
        ...one,
        rules: one.rules.filter(({ ref }) => !change.rules.some((gone) => gone.ref === ref)),
      }))
    default:
      return lb
  }
}

export function afterWrite(lb: LoadBalancer, change: Change): LoadBalancer {
  switch (change.kind) {
    case 'createListener':
    case 'replaceListener': {
      const made: ActualListener = { ...change.listener, status: 'running', rules: [], extensions: [] }
      return { ...lb, listeners: [...lb.listeners.filter(({ key }) => key !== made.key), made] }
    }
    case 'updateListener': {
      const { note, target } = change
      return withListener(lb, change.key, (one) => ({ ...one, note: note ?? one.note, target: target ?? one.target }))
    }
    case 'startListener':
      return withListener(lb, change.key, (one) => ({ ...one, status: 'running', note: change.note ?? one.note }))
    case 'stopListener':
      return withListener(lb, change.key, (one) => ({ ...one, status: 'stopped', note: change.note }))
    case 'deleteListener':
      return { ...lb, listeners: lb.listeners.filter(({ key }) => key !== change.key) }
    default:
      return inRules(inGroups(lb, change), change)
  }
}

/** The listener that a change is about. */
export const listenerOf = (change: Change): ListenerKey | undefined =>
  'key' in change ? change.key : 'listener' in change ? change.listener.key : undefined
