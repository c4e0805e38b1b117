// What labels come to for one target: the settings of its listener, and which requests, nodes and clients are meant.
import type { Access } from './access-label.ts'
import type { PortTarget } from './exposure.ts'
import { type Finding, fault } from './findings.ts'
import { formatTarget, type Parsed } from './grammar.ts'
import { CERTIFICATE_FORM } from './id-labels.ts'
import type { PublishedPort, RuleWish } from './model.ts'
import { EVERY_NODE, type NodeChoice } from './node-choice.ts'
import { isOption, knows, type LabelName, OPTION_NAMES, type OptionName, type Settings, WISHES, type WishName } from './options.ts'
import type { OptionLabel } from './own-labels.ts'
import { plain } from './quote.ts'
import { isRedirect, resolveSettings, type SettingsRules } from './settings.ts'
import { parseValue } from './values.ts'

export type Configured = {
  readonly settings: Settings
  readonly given: Settings
  readonly rules: readonly RuleWish[]
  readonly nodes: NodeChoice
  readonly weights: 'managed' | 'kept'
  readonly access: Access | undefined
  readonly adopt: boolean
}

/** What became of each label so far. */
export type Ledger = {
  /** Taken by a listener, or overruled by a closer label. */
  readonly used: Set<OptionLabel>
  /** Why a listener that knows the option has no use for it. */
  readonly idle: Map<OptionLabel, string>
  /** Their value is already a finding. */
  readonly wrong: Set<OptionLabel>
  readonly findings: Finding[]
}

type Chosen = ReadonlyMap<LabelName, OptionLabel>
type Place = { readonly port: PublishedPort; readonly target: PortTarget; readonly ledger: Ledger }

const ON_REDIRECT: readonly LabelName[] = ['forward-port', 'adopt']
const ACL: readonly LabelName[] = ['acl-status', 'acl-type', 'acl-id']

/** The labels that count for this listener, the closest for each option. Lower ranks come first. */
function closest(labels: readonly OptionLabel[], { target, ledger }: Place): Chosen {
  const chosen = new Map<LabelName, OptionLabel>()
  for (const label of labels) {
    if (label.at !== undefined && label.at !== target.loadBalancer) continue
    if (!knows(label.option, target.protocol)) continue
    const other = chosen.get(label.option)
    if (other !== undefined) ledger.used.add(other)
    chosen.set(label.option, label)
  }
  if (!chosen.has('forward-port')) return chosen
  for (const label of chosen.values()) {
    if (!ON_REDIRECT.includes(label.option)) ledger.idle.set(label, 'has no use on a redirect, which has only its forward-port')
  }
  return new Map([...chosen].filter(([option]) => ON_REDIRECT.includes(option)))
}

/** The value of one label; a wrong one is a finding. */
function readValue<T>(label: OptionLabel | undefined, parse: (text: string) => Parsed<T>, { port, ledger }: Place): T | undefined {
  if (label === undefined) return undefined
  const value = parse(label.text)
  if (value.ok) return value.value
  ledger.wrong.add(label)
  const what = label.rank < 0 ? `${label.label}: ${label.option}` : plain(label.label)
  ledger.findings.push(fault(`${what}: ${value.text}`, [port]))
  return undefined
}

function readGiven(chosen: Chosen, place: Place): Settings {
  const given: Partial<Record<OptionName, string | number>> = {}
  for (const [option, label] of chosen) {
    if (!isOption(option)) continue
    const value = readValue(label, (text) => parseValue(option, place.target.protocol, text), place)
    if (value !== undefined) given[option] = value
  }
  return given
}

function readWishes(chosen: Chosen, place: Place): Omit<Configured, 'settings' | 'given'> {
  const read = <T>(wish: WishName, { parse }: { readonly parse: (text: string) => Parsed<T> }) => readValue(chosen.get(wish), parse, place)
  const [allow, deny] = [read('allow', WISHES.allow), read('deny', WISHES.deny)]
  return {
    rules: read('rules', WISHES.rules) ?? place.target.rules ?? [],
    nodes: read('nodes', WISHES.nodes) ?? EVERY_NODE,
    weights: read('weights', WISHES.weights) ?? 'managed',
    access: allow !== undefined ? { kind: 'allow', entries: allow } : deny !== undefined ? { kind: 'deny', entries: deny } : undefined,
    adopt: read('adopt', WISHES.adopt) ?? false,
  }
}

/** What is right by itself and wrong together. */
function clashes(chosen: Chosen, { settings, rules }: Pick<Configured, 'settings' | 'rules'>, { port, target }: Place): readonly string[] {
  const name = (option: LabelName) => plain(chosen.get(option)?.label ?? option)
  const own = (['allow', 'deny'] as const).filter((wish) => chosen.has(wish))
  const acl = ACL.find((option) => chosen.has(option))
  const [first] = own
  const { protocol, loadBalancer, listenerPort } = target
  const place = formatTarget({ protocol, loadBalancer, port: listenerPort })
  const bare = protocol === 'https' && settings['cert-id'] === undefined && !chosen.has('cert-id') && rules.length === 0
  const itself = settings['forward-port'] !== undefined && settings['forward-port'] === listenerPort
  return [
    ...(own.length === 2 ? [`${name('allow')} and ${name('deny')} do not go together; keep one of them`] : []),
    ...(first !== undefined && acl !== undefined ? [`${name(first)} makes a list of its own; leave out ${name(acl)}`] : []),
    ...(bare ? [`${place} needs a certificate; add slb.port.${port.target}.cert-id: ${CERTIFICATE_FORM}`] : []),
    ...(itself ? [`${name('forward-port')}: ${place} would lead to itself; expected the port of an https listener`] : []),
  ]
}

/** Until its list is known an existing listener keeps what it has; the cloud refuses to make one without. */
const withAccess = (settings: Settings, access: Access | undefined): Settings =>
  access === undefined ? settings : { ...settings, 'acl-status': 'on', 'acl-type': access.kind === 'allow' ? 'white' : 'black' }

/** Only what has an effect: a rule of its own has these settings and no others. */
const effective = (given: Settings, settings: Settings): Settings =>
  Object.fromEntries(
    OPTION_NAMES.flatMap((option) => (given[option] === undefined || settings[option] === undefined ? [] : [[option, given[option]]])),
  )

/** @param labels those of this port, lower ranks first */
export function configureTarget(labels: readonly OptionLabel[], place: Place, rules: SettingsRules): Configured {
  const { port, target, ledger } = place
  const wrong = ledger.wrong.size
  const chosen = closest(labels, place)
  const given = readGiven(chosen, place)
  const wishes = readWishes(chosen, place)
  const { settings, faults } = resolveSettings(target.protocol, given, rules)
  const idle = new Set<LabelName>()
  for (const { kind, option, text } of ledger.wrong.size > wrong ? [] : faults) {
    const label = chosen.get(option)
    if (kind === 'conflict') ledger.findings.push(fault(`${label === undefined ? option : plain(label.label)} ${text}`, [port]))
    else if (label !== undefined) {
      idle.add(option)
      ledger.idle.set(label, text)
    }
  }
  for (const label of chosen.values()) if (!idle.has(label.option)) ledger.used.add(label)
  ledger.findings.push(...clashes(chosen, { settings, rules: wishes.rules }, place).map((text) => fault(text, [port])))
  if (isRedirect(target.protocol, given)) return { ...wishes, settings, given: settings, rules: [] }
  return { ...wishes, settings: withAccess(settings, wishes.access), given: effective(given, settings) }
}
