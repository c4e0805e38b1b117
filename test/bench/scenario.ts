// What a scenario is: how it is brought about, what it may cost, and what Alibaba's Kubernetes controller takes for the same.
import type { StateFile } from '../../src/simulator/world.ts'
import type { Backends, Goal, Measured, World, WorldOptions } from './world.ts'

/** Upper bounds, but `made` and `failed` are exact. */
export type Budget = Partial<Pick<Measured, 'calls' | 'reads' | 'writes' | 'made' | 'failed' | 'wallMs'>>

/** A world of the mode that is being measured; the runner closes it. */
export type Open = (
  how: Pick<WorldOptions, 'env' | 'services' | 'nodes' | 'simulator'> & {
    /** empty: the bare load balancer. loaded: all listeners are there. running: and a daemon that is at rest. */
    readonly from: 'empty' | 'loaded' | 'running'
    /** Instead of the load balancer that all scenarios share. */
    readonly state?: StateFile
    /** When a daemon that is to run has done all there was to do. */
    readonly goal?: Goal
  },
) => Promise<World>

export type Scenario = {
  readonly name: string
  /** Not measured with backends for which there is no budget. */
  readonly budget: Readonly<Partial<Record<Backends, Budget>>>
  readonly peer: string
  readonly run: (open: Open) => Promise<Measured>
  /** Load balancers that are read; one, unless said otherwise. */
  readonly balancers?: number
  /** No runs at the published rates. */
  readonly unlimitedOnly?: boolean
}

export const NOTHING: Measured = { reads: 0, writes: 0, made: 0, calls: 0, failed: 0, wallMs: 0 }
export const either = (inDefault: Budget, own: Budget): Scenario['budget'] => ({ 'default group': inDefault, 'own groups': own })
export const both = (budget: Budget) => either(budget, budget)
