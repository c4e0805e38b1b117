// The boundary to a cloud: one folder per product behind it. Speaks only the words of core/model.ts.
import type { Change, ListenerKey, LoadBalancer } from '../core/model.ts'
import type { Region, RegionChange } from '../core/region.ts'

export interface Provider {
  /** Resolves names and ids of load balancers, once each for the life of the process. Reads only. */
  resolve(refs: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Resolved>>
  /** All load balancers of the region with this tag, ordered by id. Throws CallError. */
  findByTag(key: string, value: string, signal: AbortSignal): Promise<readonly { readonly id: string; readonly name: string }[]>
  /** Reads one load balancer. Throws CallError when the reading is not complete and certain. */
  open(id: string, how: OpenOptions, signal: AbortSignal): Promise<Handle>
  /** Reads what the load balancers of a region share. Throws CallError when the reading is not complete and certain. */
  openRegion(how: RegionOptions, signal: AbortSignal): Promise<RegionHandle>
}

export type RegionOptions = {
  readonly certificates: boolean
  readonly caCertificates: boolean
  readonly acls: boolean
  /** Key of the tag that marks what is ours; entries and users are read of our own ACLs only. */
  readonly tag: string
}

export interface RegionHandle {
  readonly actual: Region
  /** Carries out one change; answers with the id it made, if it made one, and the cloud's request ids. Throws CallError. */
  apply(change: RegionChange, turn: Turn): Promise<{ readonly id: string | undefined; readonly requestIds: readonly string[] }>
}

/** Where certificates come from: asked at the moment of an upload, for exactly this file and fingerprint. Rejects where they are gone. */
export type ReadPem = (file: string, fingerprint: string) => Promise<{ readonly certificate: string; readonly privateKey: string }>

export type Resolved =
  | { readonly status: 'found'; readonly id: string; readonly name: string }
  | { readonly status: 'problem'; readonly text: string }

export type OpenOptions = {
  /**
   * cached: members of own groups as last known. audit: the same, and a tenth of them (round robin) read again.
   * fresh: all read again (start, leadership, after an outcome that is unknown).
   */
  readonly members: 'cached' | 'audit' | 'fresh'
  /** Only groups for which this is true have their members read. */
  readonly owned: (groupName: string) => boolean
}

/** Health of one backend as one listener sees it. */
export type Health = {
  readonly listener: ListenerKey
  readonly server: string
  readonly port: number
  readonly state: 'normal' | 'abnormal' | 'unavailable'
}

export interface Handle {
  readonly actual: LoadBalancer
  health(signal: AbortSignal): Promise<readonly Health[]>
  /** Carries out one change; answers with the cloud's request ids. Throws CallError. */
  apply(change: Change, turn: Turn): Promise<readonly string[]>
}

/** How long a change may wait, and how urgent it is. Requests on the wire always finish. */
export type Turn = {
  /** Once aborted no change begins: what waits for its first call gives up as pending. */
  readonly begin: AbortSignal
  /** Once aborted nothing waits any more: later calls of a begun change give up as pending too. */
  readonly wait: AbortSignal
  /** Higher goes first where calls queue. */
  readonly priority: number
}

/**
 * Why a call or change did not succeed.
 * pending: gave up waiting (time box, stop, leadership not certain), nothing was sent. refused: the cloud said "not now" until the wait was over.
 * unknown: it may have happened (timeout, reset, 5xx, not JSON). failed: the cloud said no.
 */
export class CallError extends Error {
  override readonly name: string = 'CallError'
  readonly status: 'pending' | 'refused' | 'unknown' | 'failed'
  readonly action: string
  readonly code: string
  readonly requestId: string | undefined
  readonly httpStatus: number | undefined
  /** What the cloud calls the quota that is used up, where that is why it said no. */
  readonly quota: string | undefined

  constructor(fields: {
    status: CallError['status']
    action: string
    code: string
    message: string
    requestId?: string | undefined
    httpStatus?: number | undefined
    quota?: string | undefined
  }) {
    super(`${fields.action}: ${fields.code}: ${fields.message}`)
    this.status = fields.status
    this.action = fields.action
    this.code = fields.code
    this.requestId = fields.requestId
    this.httpStatus = fields.httpStatus
    this.quota = fields.quota
  }
}

/** Some servers of a change were refused, each by itself; the others went in. */
export class ServersRefused extends CallError {
  override readonly name = 'ServersRefused'
  readonly servers: readonly string[]

  constructor(servers: readonly string[], { action, code, message, requestId, httpStatus }: CallError) {
    const text = message.replace(`${action}: ${code}: `, '')
    super({ status: 'failed', action, code, message: `refused ${servers.join(', ')}: ${text}`, requestId, httpStatus })
    this.servers = servers
  }
}
