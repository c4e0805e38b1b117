// Members to and from server groups, in the batches that the API takes. One server that the cloud refuses must not keep the others out.
import type { Member } from '../../../core/model.ts'
import { CallError, ServersRefused } from '../../provider.ts'

/** CLB takes at most this many servers in one call. */
export const BATCH = 20

export const batchesOf = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))

/** Codes for a server that does not exist, does not run, or is not in the load balancer's network. */
const BAD_SERVER =
  /^(ObtainIpFail|InvalidServerId(\..+)?|NetworkConflict|InvalidBackendServers(\..+)?|ResourceNotFound\.vServers|Mismatched\.ZoneId)$/

export const isBadServer = (error: unknown): error is CallError =>
  error instanceof CallError && error.status === 'failed' && BAD_SERVER.test(error.code)

type Refused = { readonly server: string; readonly error: CallError }

/** Halves a refused batch until the server that it is refused for stands alone. */
async function halve(batch: readonly Member[], send: Send): Promise<readonly Refused[]> {
  try {
    await send(batch)
    return []
  } catch (error) {
    if (!isBadServer(error)) throw error
    const [first] = batch
    if (first === undefined || batch.length === 1) return first === undefined ? [] : [{ server: first.server, error }]
    const middle = Math.ceil(batch.length / 2)
    const left = await halve(batch.slice(0, middle), send)
    return [...left, ...(await halve(batch.slice(middle), send))]
  }
}

type Send = (batch: readonly Member[]) => Promise<void>

/** Sends all members in batches. Throws ServersRefused at the end where some were refused, any other CallError at once. */
export async function sendInBatches(members: readonly Member[], send: Send): Promise<void> {
  const refused: Refused[] = []
  for (const batch of batchesOf(members, BATCH)) refused.push(...(await halve(batch, send)))
  const [first] = refused
  if (first !== undefined) throw new ServersRefused([...new Set(refused.map(({ server }) => server))], first.error)
}
