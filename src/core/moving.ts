// A move of everything from one load balancer to another, as people ask for it with a tag on the old one: first both have it all, then,
// when they say so, only the new one. The tag is the memory: whoever leads reads it.
import type { Claim, PortView, ServiceView, Wanted } from './claims.ts'
import type { Chain, LoadBalancer, Problem } from './model.ts'
import { plain, quote } from './quote.ts'

export const MOVE_TAG = 'swarm-slb:move'

/** `withdraw`: the old load balancer lets go of what the new one serves. */
export type Move = { readonly to: string; readonly withdraw: boolean }

const VALUE = /^([A-Za-z0-9-]{1,60})(\/withdraw)?$/

export const moveValue = ({ to, withdraw }: Move): string => `${to}${withdraw ? '/withdraw' : ''}`

/** Undefined: no value that we would write. */
function parseMove(value: string): Move | undefined {
  const [, to, withdraw] = VALUE.exec(value.trim()) ?? []
  return to === undefined ? undefined : { to, withdraw: withdraw !== undefined }
}

function fault({ id, tags }: Pick<LoadBalancer, 'id' | 'tags'>, isAllowed: (id: string) => boolean): string | undefined {
  const value = tags[MOVE_TAG]
  const move = value === undefined ? undefined : parseMove(value)
  if (value === undefined) return undefined
  if (move === undefined) return `tag ${MOVE_TAG}: ${quote(value)} is not the id of a load balancer; nothing is moved`
  if (move.to === id) return `tag ${MOVE_TAG} names this very load balancer; nothing is moved`
  return isAllowed(move.to) ? undefined : `tag ${MOVE_TAG} names ${move.to}, which is not in SLB_ID or SLB_ALLOW; nothing is moved`
}

/** The move that is on, from this load balancer. */
export function moveOf(lb: Pick<LoadBalancer, 'id' | 'tags'>, isAllowed: (id: string) => boolean): Move | undefined {
  return fault(lb, isAllowed) === undefined ? parseMove(lb.tags[MOVE_TAG] ?? '') : undefined
}

export function moveProblems(lb: LoadBalancer, isAllowed: (id: string) => boolean): readonly Problem[] {
  const text = fault(lb, isAllowed)
  return text === undefined ? [] : [{ kind: 'loadBalancer', subject: lb.name, text }]
}

/** For people; empty where no move is on. */
export function describeMove({ tags }: Pick<LoadBalancer, 'tags'>, nameOf: (id: string) => string = (id) => id): string {
  const move = parseMove(tags[MOVE_TAG] ?? '')
  if (move === undefined) return ''
  const to = plain(nameOf(move.to))
  return move.withdraw ? `moving to ${to}: listeners go when theirs there are up` : `moving to ${to}: both have all listeners`
}

export type Moves = ReadonlyMap<string, Move>

export function movesOf(lbs: Iterable<LoadBalancer>, isAllowed: (id: string) => boolean): Moves {
  const moves = new Map<string, Move>()
  for (const lb of lbs) {
    const move = moveOf(lb, isAllowed)
    if (move !== undefined) moves.set(lb.id, move)
  }
  return moves
}

/** Where a place is now: there, and beside it or instead of it on the new load balancer. */
function placesFor(loadBalancer: string, moves: Moves): readonly string[] {
  const move = moves.get(loadBalancer)
  if (move === undefined) return [loadBalancer]
  return move.withdraw ? [move.to] : [loadBalancer, move.to]
}

function movedView(view: PortView, moves: Moves): PortView {
  const places = view.places.flatMap((place) => {
    const at = place.indexOf('|')
    return placesFor(place.slice(0, at), moves).map((id) => `${id}${place.slice(at)}`)
  })
  return { ...view, places: [...new Set(places)] }
}

function movedClaims(claims: readonly Claim[], moves: Moves): readonly Claim[] {
  const named = new Set(claims.map(claimKey))
  return claims.flatMap((claim) =>
    placesFor(claim.loadBalancer, moves).flatMap((loadBalancer): Claim[] => {
      if (loadBalancer === claim.loadBalancer) return [claim]
      // What stands on the new load balancer already is not ours to take over there, and what labels ask of it they ask themselves.
      const copy = { ...claim, loadBalancer, adopt: false }
      return named.has(claimKey(copy)) ? [] : [copy]
    }),
  )
}

const claimKey = ({ loadBalancer, key, mark }: Claim) => `${loadBalancer}|${key}|${mark.service}/${mark.port}-${mark.transport}`

/** What is wanted while these moves are on. */
export function withMoves(wanted: Wanted, moves: Moves): Wanted {
  if (moves.size === 0) return wanted
  const ports = (views: ServiceView['ports']) => new Map([...views].map(([key, view]) => [key, movedView(view, moves)]))
  return {
    ...wanted,
    claims: movedClaims(wanted.claims, moves),
    services: new Map([...wanted.services].map(([name, view]) => [name, { ...view, ports: ports(view.ports) }])),
  }
}

/** Deletes that are the end of a move, which people asked for: the same service port has the same listener on the new load balancer. */
export function isHandOver(
  lb: Pick<LoadBalancer, 'id'>,
  wanted: Wanted,
  moves: Moves,
): (chain: Pick<Chain, 'deletes' | 'service'>) => boolean {
  const move = moves.get(lb.id)
  if (move?.withdraw !== true) return () => false
  const there = new Set(
    wanted.claims.flatMap(({ loadBalancer, key, mark }) => (loadBalancer === move.to ? [`${key} ${mark.service}`] : [])),
  )
  return ({ deletes, service }) => deletes !== undefined && there.has(`${deletes.split('/')[0]} ${service}`)
}
