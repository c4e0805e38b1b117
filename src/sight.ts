// What this process sees of the cloud, in a few words, for those who judge by it whether it is of use here.
import type { Desire } from './desired.ts'
import type { Known } from './page.ts'

export type Sight = {
  /** It read one load balancer at least, or the cloud said that there is none to read. */
  readonly sees: boolean
  /** Why it sees nothing at all; empty where it sees something, or nothing is known yet. */
  readonly blind: string
  /** Why not everything went well: the first lookup or reading that failed; empty where none did. */
  readonly wrong: string
  /** Something was not looked at yet. */
  readonly waits: boolean
}

/**
 * @param desire undefined: names and tags of load balancers were not looked up yet
 * @param known what was seen of each load balancer; one that is not allowed any more says nothing
 */
export function sightOf(
  desire: Pick<Desire, 'loadBalancers' | 'unanswered'> | undefined,
  known: ReadonlyMap<string, Pick<Known, 'look' | 'error'>>,
): Sight {
  if (desire === undefined) return { sees: false, blind: '', wrong: '', waits: true }
  const { loadBalancers, unanswered } = desire
  const looked = loadBalancers.flatMap((id) => known.get(id) ?? [])
  const failed = looked.filter(({ error }) => error !== '')
  const wrong = unanswered === '' ? (failed[0]?.error ?? '') : unanswered
  const none = loadBalancers.length === 0
  return {
    sees: none ? unanswered === '' : looked.some(({ look, error }) => look !== undefined && error === ''),
    blind: failed.length === loadBalancers.length ? wrong : '',
    wrong,
    waits: looked.length < loadBalancers.length,
  }
}
