// Ownership marks: the only memory this product has, written on the cloud side and read back strictly.
// What does not parse exactly as we would write it is somebody else's.
import { fnv } from './hash.ts'
import type { Transport } from './model.ts'

export type Mark = {
  readonly owner: string
  /** The service as it stands in marks (see markService). */
  readonly service: string
  /** Container port. */
  readonly port: number
  readonly transport: Transport
  /** stopped: we closed it because its node port went to another service. closed: a person did. */
  readonly suffix: '' | 'stopped' | 'closed'
}

const PREFIX = 'swarm-slb'
/** VServerGroupName takes 80 characters, the tightest of the places that carry a mark. */
const LIMIT = 80
/** The longest `65535-tcp`: kept free whatever the port, so that a service has one name in all its marks. */
const PORT_ROOM = 9
const HASH_ROOM = 9

const OWNER = '[A-Za-z0-9.-]{1,16}'
const MARK = new RegExp(`^${PREFIX}/(${OWNER})/([A-Za-z0-9._-]{1,80})/([1-9]\\d{0,4})-(tcp|udp)(?:/(stopped|closed))?$`)
const BACKEND = new RegExp(`^${PREFIX}/(${OWNER})(/0)?$`)

/** The service's name as it appears in marks: long names are cut and told apart by a hash. Stable when applied twice. */
export function markService(service: string, owner: string): string {
  const room = LIMIT - PREFIX.length - owner.length - PORT_ROOM - 3
  const plain = service.replaceAll(/[^A-Za-z0-9._-]/g, '-')
  if (plain === service && service.length > 0 && service.length <= room) return service
  return `${plain.slice(0, room - HASH_ROOM)}.${fnv(service)}`
}

/** At most 80 characters without the suffix. */
export function formatMark(mark: Mark): string {
  const base = `${PREFIX}/${mark.owner}/${markService(mark.service, mark.owner)}/${mark.port}-${mark.transport}`
  return mark.suffix === '' ? base : `${base}/${mark.suffix}`
}

export function parseMark(note: string): Mark | undefined {
  const [, owner, service, port, transport, suffix] = MARK.exec(note) ?? []
  if (owner === undefined || service === undefined || port === undefined) return undefined
  const mark: Mark = {
    owner,
    service,
    port: Number(port),
    transport: transport === 'udp' ? 'udp' : 'tcp',
    suffix: suffix === 'stopped' || suffix === 'closed' ? suffix : '',
  }
  return mark.port <= 65535 && formatMark(mark) === note ? mark : undefined
}

/** @param zero the weight was set to 0 by us, not by a person */
export const formatBackendNote = (owner: string, zero: boolean): string => `${PREFIX}/${owner}${zero ? '/0' : ''}`

export function parseBackendNote(note: string): { readonly owner: string; readonly zero: boolean } | undefined {
  const [, owner, zero] = BACKEND.exec(note) ?? []
  return owner === undefined ? undefined : { owner, zero: zero !== undefined }
}

/** Key of the tag on a load balancer in use; its value is the cluster id. */
export const ownerTag = (owner: string): string => `${PREFIX}:${owner}`

/** Tags that begin like an owner's and are none. */
export const RESERVED_OWNERS: readonly string[] = ['pause', 'taken', 'move', 'verify']

/** The owner that a tag key names. Undefined: it is no owner's tag. */
export function taggedOwner(key: string): string | undefined {
  const owner = key.startsWith(`${PREFIX}:`) ? key.slice(PREFIX.length + 1) : ''
  return owner === '' || RESERVED_OWNERS.includes(owner) ? undefined : owner
}
