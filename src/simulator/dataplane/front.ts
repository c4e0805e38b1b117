// The client side of a running listener: what each protocol has to offer, and what it is given.
import type { PlaneListener } from '../plane.ts'
import type { Pool } from './pool.ts'
import type { PlaneSettings } from './settings.ts'

export interface Front {
  /** Takes over changed settings of the same listener; connections stay. */
  update(listener: PlaneListener): void
  /** Closes the socket at once and cuts its connections; resolves when they are gone. */
  close(): Promise<void>
}

export type FrontOptions = {
  readonly settings: PlaneSettings
  /** The listener's own group. */
  readonly pool: Pool
  /** The group of a forwarding rule; undefined for an id that is not there. */
  readonly rulePool: (id: string) => Pool | undefined
  /** Whether a client with this address may connect. */
  readonly admits: (address: string | undefined) => boolean
  /** What keeps the listener from serving as it should; undefined: nothing any more. */
  readonly onProblem: (about: 'port' | 'certificate', text: string | undefined) => void
}
