// What labels of the model's services ask for, as data that the properties understand without reading labels.
import fc from 'fast-check'
import type { ListenerKey, Protocol, Transport } from '../../src/core/model.ts'

export type WishTarget = { readonly protocol: Protocol; readonly lb: '' | 'lb-1' | 'lb-2'; readonly port: number }

export type Wish = {
  readonly targets: readonly WishTarget[]
  /** Of the port, as they are written. */
  readonly options: Readonly<Record<string, string>>
  /** `host/path; host` */
  readonly rules: string
  readonly adopt: boolean
  readonly enable: boolean
  readonly freeze: boolean
  /** Freezes the port, or all of the service. */
  readonly wrong: Readonly<Record<string, string>>
}

const OPTIONS: readonly Readonly<Record<string, string>>[] = [
  {},
  {},
  {},
  { scheduler: 'rr' },
  { 'health-check-interval': '20' },
  { 'health-check-switch': 'off' },
  { allow: '10.0.0.0/8' },
  { allow: '10.0.0.0/8,192.0.2.7' },
  { nodes: 'node.id==n1' },
  { nodes: 'node.id==nobody' },
  { nodes: 'managers' },
  { weights: 'ignore' },
]
/** What an option is said of: not every protocol has each. */
const FITS: Readonly<Record<string, readonly Protocol[]>> = { 'health-check-switch': ['tcp', 'udp'] }

const WRONG: readonly Readonly<Record<string, string>>[] = [
  { 'slb.port.80.bandwidth': 'much' },
  { 'slb.port.80': 'nonsense' },
  { 'slb.port.80': 'tcp://:80;http://:80' },
  { 'slb.enable': 'perhaps' },
  { 'slb.prot.80': 'tcp://:80' },
]

const mostly = <T>(usual: T, other: T) => fc.constantFrom(usual, usual, usual, usual, usual, usual, usual, usual, other)
const PROTOCOLS: Record<Transport, readonly Protocol[]> = { tcp: ['tcp', 'http', 'http'], udp: ['udp'] }

const target = (transport: Transport): fc.Arbitrary<WishTarget> =>
  fc.record({
    protocol: fc.constantFrom(...PROTOCOLS[transport]),
    lb: fc.constantFrom('' as const, '' as const, 'lb-1' as const, 'lb-2' as const),
    port: fc.constantFrom(80, 81),
  })

export const someWish = (transport: Transport): fc.Arbitrary<Wish> =>
  fc.record({
    targets: fc.oneof(
      {
        weight: 8,
        arbitrary: fc.uniqueArray(target(transport), { minLength: 1, maxLength: 2, selector: ({ lb, port }) => `${lb} ${port}` }),
      },
      { weight: 1, arbitrary: fc.constant([]) },
    ),
    options: fc.constantFrom(...OPTIONS),
    rules: fc.constantFrom('', '', '', 'a.example.com', 'a.example.com; /b', '/b'),
    adopt: mostly(false, true),
    enable: mostly(true, false),
    freeze: mostly(false, true),
    wrong: fc.oneof({ weight: 8, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.constantFrom(...WRONG) }),
  })

const isL7 = (protocol: Protocol) => protocol === 'http' || protocol === 'https'
const hasRules = ({ rules, targets }: Wish) => rules !== '' && targets.some(({ protocol }) => isL7(protocol))
const optionsOf = ({ options, targets }: Wish) =>
  Object.entries(options).filter(([name]) => targets.some(({ protocol }) => FITS[name]?.includes(protocol) !== false))

export function labelsOf(wish: Wish): Record<string, string> {
  const { targets, rules, adopt, enable, freeze, wrong } = wish
  const ofAll = { ...(enable ? {} : { 'slb.enable': 'false' }), ...(freeze ? { 'slb.freeze': 'true' } : {}) }
  if (targets.length === 0) return { ...ofAll, ...wrong }
  return {
    'slb.port.80': targets.map(({ protocol, lb, port }) => `${protocol}://${lb}:${port}`).join(';'),
    ...Object.fromEntries(optionsOf(wish).map(([name, value]) => [`slb.port.80.${name}`, value])),
    ...(hasRules(wish) ? { 'slb.port.80.rules': rules } : {}),
    ...(adopt ? { 'slb.port.80.adopt': 'true' } : {}),
    ...ofAll,
    ...wrong,
  }
}

/** An option of a port that is not exposed is no mistake that freezes anything. */
export const isWrong = ({ wrong, targets }: Wish) => Object.keys(wrong).some((key) => targets.length > 0 || key !== 'slb.port.80.bandwidth')

export const keyOf = ({ protocol, port }: WishTarget): ListenerKey => `${protocol === 'udp' ? 'udp' : 'tcp'}:${port}`
export const lbOf = ({ lb }: WishTarget): 'lb-1' | 'lb-2' => (lb === '' ? 'lb-1' : lb)
/** Rules of a tcp target mean nothing: it names its listener itself. */
export const isGuest = ({ rules }: Wish, { protocol }: WishTarget) => rules !== '' && isL7(protocol)
