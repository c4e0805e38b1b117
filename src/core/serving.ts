// What serves a service port now, so that another place of it may go: a listener that leads to it, or its rules on a shared one.
import { servedPlace } from './keep.ts'
import { type Mark, parseMark } from './marks.ts'
import type { ActualListener, ListenerKey, LoadBalancer } from './model.ts'
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

/** Places on this load balancer, as named by servedPlace, each with the service port that it serves. @param only on this listener */
export function servedOn(lb: LoadBalancer, owner: string, only?: ListenerKey): readonly string[] {
  return lb.listeners
    .filter(({ key, status, note }) => (only === undefined || key === only) && status === 'running' && named(note, owner) !== undefined)
    .flatMap((listener) => {
      const marks = [...leadsTo(listener, lb, owner), ...ownRules(listener, lb, owner).map(({ mark }) => mark)]
      return marks.map((mark) => servedPlace(`${lb.id}|${listener.key}`, mark))
    })
}
