// Why a listener cannot be made, or made anew, as things are: what it depends on, and what depends on it.
import type { Claim } from './claims.ts'
import type { Decision } from './holders.ts'
import type { ListenerKey, LoadBalancer } from './model.ts'
import type { RuleChoice } from './rules.ts'
import { forwardPortOf } from './shared.ts'
import { settingOf } from './web-options.ts'

type Ground = {
  readonly input: { readonly lb: LoadBalancer }
  readonly decisions: ReadonlyMap<ListenerKey, Decision>
  readonly rulesOf: (key: ListenerKey) => RuleChoice
}

/** Is there an https listener on this port when the plan is done? */
function hasHttps(key: ListenerKey, { input, decisions }: Ground): boolean {
  const decision = decisions.get(key)
  if (decision?.kind === 'create') return decision.claim.protocol === 'https' && decision.claim.waits === ''
  if (decision?.kind === 'update') return decision.claim.protocol === 'https'
  return decision?.kind !== 'delete' && input.lb.listeners.some((listener) => listener.key === key && listener.protocol === 'https')
}

/** A redirect leads to an https listener of its load balancer. */
export function redirectFault(claim: Claim, ground: Ground): string | undefined {
  const port = forwardPortOf(claim)
  if (port === undefined || hasHttps(`tcp:${port}`, ground)) return undefined
  return `forward-port ${port}: ${ground.input.lb.name} has no https listener on port ${port} to redirect to`
}

/** Guests may leave the certificate to the holder, but one of them must name it. */
export function certificateFault({ protocol, settings, mark }: Claim): string | undefined {
  if (protocol !== 'https' || settingOf(settings, 'cert-id') !== undefined) return undefined
  return `no service on this listener names a certificate: add the label slb.port.${mark.port}.cert-id`
}

/** Listeners that redirect to this port, as they are now. */
export const redirectsTo = (port: number, { listeners }: LoadBalancer): readonly ListenerKey[] =>
  listeners.flatMap(({ key, target, settings }) => (target === undefined && settingOf(settings, 'forward-port') === port ? [key] : []))

/** A replacement deletes: not while somebody's own rules are on the listener, nor while the cloud refuses it. */
export function replaceFault({ claim, actual }: Extract<Decision, { kind: 'update' }>, ground: Ground): string | undefined {
  const fault = redirectFault(claim, ground)
  if (fault !== undefined) return fault
  const { foreign } = ground.rulesOf(actual.key)
  if (foreign.length > 0)
    return `rules that are not ours (${foreign.map(({ name }) => name).join(', ')}) would go with it; delete them first`
  const redirects = redirectsTo(actual.port, ground.input.lb)
  return redirects.length === 0 ? undefined : `stays ${actual.protocol} while listener ${redirects.join(', ')} redirects to it`
}
