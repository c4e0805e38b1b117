// What an action is given and what it answers. An action checks everything before it changes anything, unless the cloud is known to do otherwise.

import { ApiError } from '../gateway/api-error.ts'
import { need, type Params } from '../gateway/params.ts'
import type { HealthTable } from '../health-table.ts'
import type { PlaneHealthRow } from '../plane.ts'
import type { Settings } from '../settings.ts'
import type { LoadBalancer, World } from '../world.ts'
import type { ClientTokens } from './client-tokens.ts'

export type Call = {
  readonly action: string
  readonly params: Params
  /** False for DescribeInstances alone: everything else is refused before it comes to this. */
  readonly permitted: boolean
  /** The live world for writes; possibly an older copy for Describe calls. */
  readonly world: World
  readonly settings: Settings
  /** Epoch milliseconds. */
  readonly now: number
  readonly requestId: string
  /** When the caller will have the answer, latency included. */
  readonly answerAt: number
  readonly tokens: ClientTokens
  readonly health: HealthTable
  /** Undefined when no data plane runs. */
  readonly planeHealth: ((loadBalancerId: string) => readonly PlaneHealthRow[]) | undefined
}

/** The answer without its RequestId. */
export type Body = Readonly<Record<string, unknown>>
export type Action = (call: Call) => Body

export type Actions = Readonly<Record<string, Action>>

export const isWrite = (action: string): boolean => !/^(Describe|List)/.test(action)

/** The load balancer a call names. Locked ones (overdue, expired) refuse every write. */
export function namedLoadBalancer({ world, params, settings, action }: Call, id = need(params, 'LoadBalancerId')): LoadBalancer {
  const loadBalancer = world.loadBalancers.find((candidate) => candidate.id === id)
  if (loadBalancer === undefined) {
    throw new ApiError('InvalidLoadBalancerId.NotFound', undefined, settings.unsure.loadBalancerMissingStatus)
  }
  if (isWrite(action)) refuseLocked(loadBalancer)
  return loadBalancer
}

export function refuseLocked(loadBalancer: LoadBalancer): void {
  if (loadBalancer.status === 'locked') throw new ApiError('ActionNotAllowed', 'Locked for any Business Reason.')
}
