// The status page of all load balancers and of what they share, put together from what is known of each.
import type { StatusPage } from './board.ts'
import { untaggedNames } from './core/usable.ts'
import type { Desire } from './desired.ts'
import type { Fleet } from './fleet.ts'
import { balancerRow, driftLines, heldPage, portRows, unknown } from './page.ts'
import type { Pausing } from './pausing.ts'
import type { Sharing } from './sharing.ts'

type FleetPage = Pick<StatusPage, 'owner' | 'loadBalancers' | 'ports' | 'paused' | 'problems' | 'held' | 'drift' | 'region'>

export function fleetPage(fleet: Fleet, desire: Desire, pausing: Pausing, sharing: Sharing): FleetPage {
  const region = sharing.page()
  // One that is not allowed any more is not looked at: what was known of it says nothing.
  const allowed = new Map([...fleet.known].filter(([id]) => desire.loadBalancers.includes(id)))
  const known = [...allowed.values()]
  const pauses = pausing.rows(known)
  const row = (id: string) => balancerRow(fleet.known.get(id) ?? unknown(id))
  return {
    owner: desire.rules.owner,
    loadBalancers: desire.loadBalancers.map(row),
    ports: portRows(desire, allowed, fleet.shared.ledger),
    paused: pauses.paused,
    problems: [
      ...pauses.problems,
      ...desire.problems,
      ...region.problems,
      ...untaggedNames([...fleet.first.values()], desire.named, desire.rules.owner),
      ...known.flatMap(({ look, refused }) => [...(look?.problems ?? []), ...refused]),
    ],
    held: heldPage(fleet.shared.ledger, fleet.nameOf),
    drift: driftLines(known),
    region: region.changes,
  }
}
