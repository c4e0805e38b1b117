// The lock that a load balancer, or one listener or group of it, holds while a write is being carried out. Others are told to come again.
import { loadBalancerOf } from '../load-world.ts'
import type { Settings } from '../settings.ts'
import type { World } from '../world.ts'
import { ApiError } from './api-error.ts'
import type { Params } from './params.ts'
import { text } from './params.ts'

export type BusyLock = {
  /** Throws the busy code, or holds the lock from now on. */
  take(params: Params, world: World, settings: Settings, now: number, latencyMs: number): void
}

export function createBusyLock(): BusyLock {
  const heldUntil = new Map<string, number>()
  return {
    take(params, world, { busy, unsure }, now, latencyMs) {
      if (busy.scope === 'none') return
      const key = lockKey(params, world, busy.scope)
      if (key === undefined) return
      if ((heldUntil.get(key) ?? 0) > now) {
        throw new ApiError(busy.code, undefined, busy.code === 'SystemBusy' ? unsure.systemBusyStatus : undefined)
      }
      heldUntil.set(key, now + Math.max(busy.durationMs, latencyMs))
    },
  }
}

/** Undefined for calls that configure no load balancer: creating one, tags, certificates. */
function lockKey(params: Params, world: World, scope: 'instance' | 'object'): string | undefined {
  const groupId = text(params, 'VServerGroupId')
  const ruleId = text(params, 'RuleId')
  const loadBalancerId = text(params, 'LoadBalancerId') ?? loadBalancerOf(world, groupId ?? ruleId ?? '')?.id
  if (loadBalancerId === undefined || scope === 'instance') return loadBalancerId
  const port = text(params, 'ListenerPort')
  if (port !== undefined) return `${loadBalancerId} listener ${port}`
  if (groupId !== undefined) return `${loadBalancerId} group ${groupId}`
  return ruleId === undefined ? `${loadBalancerId} itself` : `${loadBalancerId} rule ${ruleId}`
}
