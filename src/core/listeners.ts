// The changes of one listener: create, update in place, replace only what the API cannot change.
// What people closed stays closed, and who closed it is written behind the mark.
import type { Claim } from './claims.ts'
import type { Decision } from './holders.ts'
import { formatMark, type Mark, parseMark } from './marks.ts'
import type { ActualListener, Change, ListenerSpec, Target } from './model.ts'
import type { OptionName, Settings } from './options.ts'
import { sameMark } from './shared.ts'
import { attributesOf, redirectOf, withUnmanaged } from './web-options.ts'

export type ListenerDiff = {
  readonly changes: readonly Change[]
  readonly state: 'exposed' | 'pending' | 'closed'
  readonly reason: string
}

/** Whether a listener must be made anew to get from one to the other. */
export type Immovable = (before: Settings, after: Settings) => boolean

const sameTarget = (a: Target | undefined, b: Target) =>
  a?.kind === b.kind && (a.kind === 'default' ? b.kind === 'default' && a.port === b.port : b.kind === 'group' && a.group === b.group)

const names = (settings: Settings) => Object.keys(settings) as OptionName[]

/** Whether the API could only make it anew: another protocol, other settings that it cannot change, or from or to a redirect. */
function mustReplace(claim: Claim, actual: ActualListener, target: Target | undefined, immovable: Immovable): boolean {
  if (target === undefined && actual.target === undefined) {
    // A Set call on a redirect is not allowed (Operation.NotAllowed), not even for its note.
    const { set } = changedSettings(redirectOf(claim.settings), actual.settings)
    const known: readonly string[] = ['forward-port', ...names(actual.settings)]
    return names(set).some((name) => known.includes(name)) || !sameMark(parseMark(actual.note), claim.mark)
  }
  if (target === undefined || actual.target === undefined) return true
  return actual.protocol !== claim.protocol || immovable(actual.settings, claim.settings)
}

/** Only what differs; what the desired side leaves out is not ours to manage. */
function changedSettings(want: Settings, have: Settings): { readonly set: Settings; readonly was: Settings } {
  const changed = names(want).filter((name) => want[name] !== undefined && want[name] !== have[name])
  const pick = (from: Settings): Settings =>
    Object.fromEntries(changed.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]]))) as Settings
  return { set: pick(want), was: pick(have) }
}

/** @param target undefined: it redirects */
export function specOf(claim: Claim, target: Target | undefined, suffix: Mark['suffix'] = ''): ListenerSpec {
  return {
    key: claim.key,
    port: claim.port,
    protocol: claim.protocol,
    note: formatMark({ ...claim.mark, suffix }),
    target,
    settings: target === undefined ? redirectOf(claim.settings) : attributesOf(claim.settings),
  }
}

/** Who stopped it: `closed` a person (now or before), `stopped` we, '' nobody. */
function suffixOf(actual: ActualListener, mark: Mark | undefined, seenRunning: boolean, adopted: boolean): Mark['suffix'] {
  if (actual.status !== 'stopped') return ''
  if (mark?.suffix === 'closed') return 'closed'
  if (mark?.suffix === 'stopped') return ''
  return seenRunning || adopted ? 'closed' : ''
}

export function diffListener(
  decision: Extract<Decision, { kind: 'update' }>,
  target: Target | undefined,
  seenRunning: boolean,
  immovable: Immovable,
): ListenerDiff {
  const { claim, actual, mark } = decision
  if (actual.status === 'changing')
    return { changes: [], state: mark?.suffix === 'closed' ? 'closed' : 'pending', reason: 'being configured' }
  const suffix = suffixOf(actual, mark, seenRunning, decision.from === 'adopted')
  const closed = suffix === 'closed'
  const state = closed ? 'closed' : actual.status === 'running' ? 'exposed' : 'pending'
  const reason = closed ? 'stopped by hand; start the listener in the console, or delete it to have it made anew' : ''
  if (mustReplace(claim, actual, target, immovable)) {
    // A replacement would open what a person closed.
    if (closed) return { changes: noteClosed(actual, mark), state, reason }
    if (claim.waits !== '') return { changes: [], state: 'pending', reason: claim.waits }
    return { changes: [{ kind: 'replaceListener', was: actual.protocol, listener: specOf(claim, target) }], state, reason }
  }
  const changes: Change[] = []
  const note = formatMark({ ...claim.mark, suffix })
  const settings = attributesOf(claim.settings)
  const { set, was } = changedSettings(settings, actual.settings)
  const moves = target !== undefined && !sameTarget(actual.target, target)
  if (target !== undefined && (names(set).length > 0 || moves || note !== actual.note)) {
    changes.push({
      kind: 'updateListener',
      key: actual.key,
      protocol: actual.protocol,
      set,
      was,
      settings: withUnmanaged(settings, actual.settings),
      ...(note === actual.note ? {} : { note }),
      ...(moves ? { target, ...(actual.target === undefined ? {} : { wasTarget: actual.target }) } : {}),
    })
  }
  if (actual.status === 'stopped' && !closed) changes.push({ kind: 'startListener', key: actual.key, protocol: actual.protocol })
  return { changes, state, reason }
}

/** Who closed it is written down although nothing else can be changed: the next process has not seen it run. */
function noteClosed(actual: ActualListener, mark: Mark | undefined): readonly Change[] {
  const { key, protocol, target, settings } = actual
  // The cloud takes no Set call on a redirect, and what is not ours yet stays unmarked.
  if (mark === undefined || mark.suffix === 'closed' || target === undefined) return []
  return [
    {
      kind: 'updateListener',
      key,
      protocol,
      set: {},
      was: {},
      settings: attributesOf(settings),
      note: formatMark({ ...mark, suffix: 'closed' }),
    },
  ]
}

/** Closes a listener whose node port belongs to another service now. Undefined: it is closed already. */
export function closeListener(actual: ActualListener, mark: Mark): Change | undefined {
  if (actual.status === 'stopped') return undefined
  return { kind: 'stopListener', key: actual.key, protocol: actual.protocol, note: formatMark({ ...mark, suffix: 'stopped' }) }
}
