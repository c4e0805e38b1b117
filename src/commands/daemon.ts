// Finds the daemon that runs on this machine: by its socket, else by its HTTP address.
import type { HeldDelete, StatusPage } from '../board.ts'
import { loopbackOf, parseAddress } from '../http/address.ts'
import { type Answer, ask, type Question, type Where } from '../http/client.ts'

/** Where the daemon's socket is unless SLB_SOCKET says otherwise: directly, or in the directory that systemd or a container gives it. */
const SOCKETS: readonly string[] = ['/run/swarm-slb.sock', '/run/swarm-slb/swarm-slb.sock']

/** The page asks the cloud for the health of backends, which may take some seconds. */
const TIMEOUT_MS = 10_000

export type Found = { readonly page: StatusPage; readonly where: Where }

export const socketPlaces = (socket: string): readonly Where[] => {
  if (socket === 'off') return []
  return (SOCKETS.includes(socket) ? SOCKETS : [socket]).map((socketPath) => ({ socketPath }))
}

export function httpPlace(httpAddr: string): readonly Where[] {
  const address = parseAddress(httpAddr)
  return address === undefined ? [] : [loopbackOf(address)]
}

/** What is read from the answer of the first place that gives a right one; otherwise why none of them did. */
async function firstOf<T extends object>(
  places: readonly Where[],
  question: Question,
  read: (answer: Answer, where: Where) => T | undefined,
  signal: AbortSignal,
): Promise<T | { readonly reason: string }> {
  const reasons: string[] = []
  for (const where of places) {
    const name = 'socketPath' in where ? where.socketPath : `${where.host}:${where.port}`
    try {
      const found = read(await ask(where, question, signal), where)
      if (found !== undefined) return found
      reasons.push(`${name}: not swarm-slb`)
    } catch (err) {
      reasons.push(`${name}: ${err instanceof Error && 'code' in err ? err.code : err instanceof Error ? err.message : err}`)
    }
  }
  return { reason: reasons.join(', ') }
}

export function findDaemon(places: readonly Where[], signal: AbortSignal): Promise<Found | { readonly reason: string }> {
  const read = ({ status, text }: Answer, where: Where) => {
    const page = status === 200 ? pageFrom(text) : undefined
    return page && { page, where }
  }
  return firstOf(places, { path: '/status.json', timeoutMs: TIMEOUT_MS }, read, signal)
}

export const askTask = (places: readonly Where[], timeoutMs: number, signal: AbortSignal): Promise<Answer | { readonly reason: string }> =>
  firstOf(places, { path: '/taskz', timeoutMs }, (answer) => (answer.status === 404 ? undefined : answer), signal)

/** Another program may answer on our port. */
function pageFrom(text: string): StatusPage | undefined {
  try {
    const page = JSON.parse(text)
    return typeof page?.version === 'string' && Array.isArray(page.ports) && Array.isArray(page.held?.deletes) ? page : undefined
  } catch {
    return undefined
  }
}

export type Approved = { readonly approved: readonly HeldDelete[]; readonly error: string }

export async function sendApproval(where: Where, hash: string, signal: AbortSignal): Promise<Approved> {
  const { status, text } = await ask(where, { method: 'POST', path: '/approve', body: { hash }, timeoutMs: TIMEOUT_MS }, signal)
  if (status === 200 || status === 409) return JSON.parse(text)
  return { approved: [], error: `the daemon answered ${status}` }
}
