// Names of chains: how one chain of a plan says that it waits for another.
import type { ListenerKey } from './model.ts'

export const TAG_CHAIN = 'tag'
export const DEFAULT_CHAIN = 'default group'
export const groupChain = (name: string) => `group ${name}`
export const listenerChain = (key: ListenerKey | string) => `listener ${key}`
export const closeChain = (key: ListenerKey) => `close ${key}`
export const deleteChain = (key: ListenerKey) => `delete ${key}`
