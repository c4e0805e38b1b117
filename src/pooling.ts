// The pool from pass to pass: what this process placed and does not see on the cloud yet, and whether somebody waits for room.
import type { Config } from './config.ts'
import type { Assign } from './core/claim.ts'
import type { LoadBalancer } from './core/model.ts'
import { assignPool, type Pool, wantKey } from './core/pool.ts'

export interface Pooling {
  /** Undefined: there is one default load balancer at most, and nothing to choose. */
  assignFor(pool: Omit<Pool, 'placed'>): Assign | undefined
  /** After a load balancer was read: does it change anything for those that wait for a place? */
  isNews(lb: LoadBalancer | undefined): boolean
  /** What was placed by this process is not known to be so: another one has led. */
  forget(): void
}

const roomOf = ({ status, listeners, groups }: LoadBalancer) =>
  JSON.stringify([status, listeners.map(({ key, rules }) => [key, rules.length]), groups.map(({ members }) => members.length)])

export function createPooling({ loadBalancers }: Config): Pooling {
  let placed: ReadonlyMap<string, string> = new Map()
  let somebodyWaits = false
  const judged = new Map<string, string>()

  return {
    assignFor(pool) {
      if (loadBalancers.length < 2) return undefined
      return (wants) => {
        const places = assignPool({ ...pool, placed })(wants)
        const ended = wants.flatMap((want, index) => {
          const place = places[index]
          return want.named === undefined && place?.status === 'placed' ? [[wantKey(want), place.loadBalancer] as const] : []
        })
        // One that waits now, because a load balancer could not be read again, keeps the place it had.
        const waiting = wants.flatMap((want, index) => {
          const before = placed.get(wantKey(want))
          return places[index]?.status === 'waits' && before !== undefined ? [[wantKey(want), before] as const] : []
        })
        placed = new Map([...waiting, ...ended])
        somebodyWaits = places.some(({ status }) => status !== 'placed')
        judged.clear()
        for (const [id, lb] of pool.readings) judged.set(id, roomOf(lb))
        return places
      }
    },
    isNews: (lb) => lb !== undefined && somebodyWaits && judged.get(lb.id) !== roomOf(lb),
    forget() {
      placed = new Map()
    },
  }
}
