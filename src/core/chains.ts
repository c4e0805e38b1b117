// Names of chains: how one chain of a plan says that it waits for another.
import type { Mark } from './marks.ts'
import type { Chain, DeleteKey, ListenerKey } from './model.ts'
import { portMark } from './shared.ts'

export const TAG_CHAIN = 'tag'
export const DEFAULT_CHAIN = 'default group'
export const groupChain = (name: string) => `group ${name}`
export const listenerChain = (key: ListenerKey | string) => `listener ${key}`
/** @param unit the rules of one service port on one listener */
export const rulesChain = (unit: DeleteKey) => `rules ${unit}`
/** @param what a listener, or a group that rules lead to */
export const closeChain = (what: string) => `close ${what}`
export const deleteChain = (key: DeleteKey) => `delete ${key}`

/** Chains that may open a place for a service port: what it moves away from waits for them. */
export const openChains = (key: string, mark: Pick<Mark, 'service' | 'port' | 'transport'>): readonly string[] => [
  listenerChain(key),
  `rules ${key}/${portMark(mark)}`,
]

/** Closing what leads to a stranger: neither guard, quota, policy nor drift keeps it back. */
export const isClosing = ({ id }: Pick<Chain, 'id'>): boolean => id.startsWith(closeChain(''))

/** What a chain is for, as the guard and the rows of status name it. */
export const subjectOf = (id: string): string => id.replace(/^(listener|rules|delete|close) /, '')
