// Listeners that several services share: those with rules are guests on it. What guests and listener must agree on, and the empty
// group behind a listener that has guests only.
import type { Claim } from './claims.ts'
import { formatMark, type Mark } from './marks.ts'
import type { ActualListener, ListenerKey } from './model.ts'
import { isL7, settingOf } from './web-options.ts'

/** In place of a service in the mark of the empty group. Docker calls none so, and nothing ever fills it. */
const NOBODY = '-'

export const isNobody = ({ service }: Pick<Mark, 'service'>): boolean => service === NOBODY

/** Name of the group without members: what no rule takes gets no answer. One a listener. */
export const emptyGroupName = (owner: string, port: number): string =>
  formatMark({ owner, service: NOBODY, port, transport: 'tcp', suffix: '' })

/** It shares the listener: with rules, or because it redirects, which for one service is the same as for another. */
export const isGuest = (claim: Pick<Claim, 'rules' | 'protocol' | 'settings'>): boolean =>
  isL7(claim.protocol) && (claim.rules.length > 0 || forwardPortOf(claim) !== undefined)

/** The https port that an http listener sends its clients to, instead of forwarding anything. */
export const forwardPortOf = ({ settings }: Pick<Claim, 'settings'>): number | undefined => {
  const port = settingOf(settings, 'forward-port')
  return port === undefined || port === '' ? undefined : Number(port)
}

/** What all that share a listener must agree on: `http`, `https`, `redirect to port 443`. */
export const kindOf = (claim: Pick<Claim, 'protocol' | 'settings'>): string => {
  const port = forwardPortOf(claim)
  return port === undefined ? claim.protocol : `redirect to port ${port}`
}

/** A listener as it is. Where it has no target it redirects, or is of a kind that nobody can share. */
export const kindOfListener = (actual: ActualListener): string =>
  actual.target === undefined ? `redirect to port ${settingOf(actual.settings, 'forward-port') ?? 'unknown'}` : actual.protocol

/** `web/80-tcp` */
export const portMark = (mark: Pick<Mark, 'service' | 'port' | 'transport'>): string => `${mark.service}/${mark.port}-${mark.transport}`

/** The rules of one service port on one listener: what the guard counts, holds and releases as one. */
export const unitOf = (key: ListenerKey, mark: Pick<Mark, 'service' | 'port' | 'transport'>) => `${key}/${portMark(mark)}` as const

export const sameMark = (a: Mark | undefined, b: Mark): boolean => a !== undefined && portMark(a) === portMark(b)
