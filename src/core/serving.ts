// What serves a service port now, so that another place of it may go: a listener that leads to it, or its rules on a shared one.
import { servedPlace } from './keep.ts'
import { type Mark, parseMark } from './marks.ts'
import type { ActualListener, Change, ListenerKey, LoadBalancer, Rule } from './model.ts'
import { ownRules } from './rules.ts'
import { isNobody } from './shared.ts'

const named = (name: string, owner: string): Mark | undefined => {
  const mark = parseMark(name)
  return mark?.owner === owner ? mark : undefined
}

/** A mark alone serves nobody where only guests share the listener. */
const isShared = (group: string, lb: LoadBalancer): boolean => {
  const name = lb.groups.find(({ ref }) => ref === group)?.name ?? group
  const mark = parseMark(name)
  return mark !== undefined && isNobody(mark)
}

const leadsTo = ({ note, target }: Pick<ActualListener, 'note' | 'target'>, lb: LoadBalancer, owner: string): readonly Mark[] => {
  const mark = named(note, owner)
  return mark === undefined || (target?.kind === 'group' && isShared(target.group, lb)) ? [] : [mark]
}

/** Places on this load balancer, as named by servedPlace, each with the service port that it serves. */
export function servedOn(lb: LoadBalancer, owner: string): readonly string[] {
  return lb.listeners
    .filter(({ status, note }) => status === 'running' && named(note, owner) !== undefined)
    .flatMap((listener) => {
      const marks = [...leadsTo(listener, lb, owner), ...ownRules(listener, lb, owner).map(({ mark }) => mark)]
      return marks.map((mark) => servedPlace(`${lb.id}|${listener.key}`, mark))
    })
}

const ofRules = (key: ListenerKey, rules: readonly Pick<Rule, 'group'>[], lb: LoadBalancer, owner: string): readonly string[] =>
  rules.flatMap(({ group }) => {
    const mark = named(lb.groups.find(({ ref }) => ref === group)?.name ?? group, owner)
    return mark === undefined ? [] : [servedPlace(`${lb.id}|${key}`, mark)]
  })

/** The places that serve somebody because of this change. */
export function servedBy(change: Change, lb: LoadBalancer, owner: string): readonly string[] {
  if (change.kind === 'createRules') return ofRules(change.key, change.rules, lb, owner)
  if (change.kind === 'updateRule') return change.group === undefined ? [] : ofRules(change.key, [{ group: change.group }], lb, owner)
  const opened =
    'listener' in change
      ? change.listener
      : change.kind === 'startListener'
        ? lb.listeners.find(({ key }) => key === change.key)
        : undefined
  return opened === undefined ? [] : leadsTo(opened, lb, owner).map((mark) => servedPlace(`${lb.id}|${opened.key}`, mark))
}
