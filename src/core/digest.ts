// What of the swarm matters to one load balancer, as one text: while it is the same and nothing is due, no cloud call is made.
import { selectBackends } from './chosen.ts'
import type { Claim, ServiceView, Wanted } from './claims.ts'
import { ownMark } from './holders.ts'
import { byIdentity } from './identity.ts'
import type { Mark } from './marks.ts'
import type { ActualListener, LoadBalancer } from './model.ts'
import type { Backends } from './nodes.ts'
import type { Settings } from './options.ts'
import { ownRules } from './rules.ts'
import { isTaken, reachedBy } from './taken.ts'

const settingsText = byIdentity((settings: Settings) => JSON.stringify(settings))

const claimText = byIdentity((claim: Claim) =>
  JSON.stringify([
    claim.mark.service,
    claim.mark.port,
    claim.key,
    claim.protocol,
    claim.nodePort,
    settingsText(claim.settings),
    claim.adopt,
    claim.createdAt,
    claim.selection,
    claim.rules,
    settingsText(claim.given),
    claim.waits,
  ]),
)

const viewText = byIdentity((view: ServiceView) =>
  JSON.stringify([view.settled, view.frozen, [...view.ports].map(([key, port]) => [key, port.state, port.places, port.following])]),
)

const wishesText = byIdentity(({ wishes }: Backends) =>
  [...wishes.values()]
    .map(({ server, weight, add }) => `${server}=${weight}${add ? '+' : ''}`)
    .sort()
    .join(),
)

function backendsText(backends: Backends): string {
  const { departed, protect } = backends
  return JSON.stringify([wishesText(backends), [...departed.keys()].sort(), protect === 'all' ? 'all' : [...protect].sort()])
}

/** Whose the listener is, and whose rules are on it. */
function marksOn(listener: ActualListener, lb: LoadBalancer, owner: string): readonly Mark[] {
  const holder = ownMark(listener, owner)
  return [...(holder === undefined ? [] : [holder]), ...ownRules(listener, lb, owner).map(({ mark }) => mark)]
}

/** By service (as in marks): what it wants here. Two of these tell which services changed. */
export function serviceDigests(
  wanted: Wanted,
  claims: readonly Claim[],
  last: LoadBalancer | undefined,
  owner: string,
): ReadonlyMap<string, string> {
  const marks = last?.listeners.flatMap((listener) => marksOn(listener, last, owner).map(({ service }) => service)) ?? []
  const texts = new Map(
    [...new Set([...marks, ...claims.map((claim) => claim.mark.service)])].map((name) => {
      const view = wanted.services.get(name)
      return [name, view === undefined ? 'gone' : viewText(view)]
    }),
  )
  for (const claim of claims) texts.set(claim.mark.service, `${texts.get(claim.mark.service) ?? ''}${claimText(claim)}`)
  return texts
}

/** Whether listeners and rules here lead to what is another service's now; of rules also those that were closed for it. */
function takenText(wanted: Wanted, backends: Backends, last: LoadBalancer | undefined, owner: string): string {
  if (last === undefined) return ''
  const known = { wanted, backends }
  const taken = last.listeners.flatMap((listener) => {
    const mark = ownMark(listener, owner)
    const reached =
      mark === undefined ? [] : reachedBy(listener.target, last).filter(({ server, port }) => isTaken(known, mark, port, server))
    const ruled = ownRules(listener, last, owner).flatMap(({ rule, mark: whose }) =>
      (last.groups.find(({ ref }) => ref === rule.group)?.members ?? []).filter(
        ({ server, port }) => port !== undefined && isTaken(known, whose, port, server),
      ),
    )
    return [...reached, ...ruled].map(({ server, port }) => `${listener.key} ${server}:${port}`)
  })
  return taken.join()
}

/** Which servers are left by the services' own choices: labels of nodes decide over them. */
function chosenText(names: Iterable<string>, wanted: Wanted, backends: Backends): string {
  const selections = [...names]
    .sort()
    .flatMap((name) => [...(wanted.services.get(name)?.ports.values() ?? [])].flatMap(({ following }) => following?.selection ?? []))
  return selections.map((selection) => wishesText(selectBackends(backends, selection))).join()
}

export function digest(
  services: ReadonlyMap<string, string>,
  wanted: Wanted,
  backends: Backends,
  last: LoadBalancer | undefined,
  owner: string,
): string {
  return [
    ...[...services].map(([name, text]) => `${name}:${text}`).sort(),
    backendsText(backends),
    chosenText(services.keys(), wanted, backends),
    takenText(wanted, backends, last, owner),
  ].join('\n')
}
