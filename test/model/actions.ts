// What users, operators, clouds and machines do: one value each, so that a sequence can be printed, shrunk and played again.
import fc from 'fast-check'
import type { Transport } from '../../src/core/model.ts'
import { INGRESS } from './swarm.ts'
import { someWish, type Wish } from './wishes.ts'
import type { Fault, Setup } from './world.ts'

export type Spec = {
  readonly wish: Wish
  readonly mode: 'ingress' | 'host'
  readonly transport: Transport
  readonly published: number
  readonly settled: boolean
  readonly tasks: readonly string[]
}

/** What a person, or another tool, does to a load balancer in the console. `which` chooses among what is there. */
export type Hand =
  | { readonly does: 'stop' | 'start' | 'delete' | 'edit' | 'release' | 'retarget'; readonly which: number }
  | { readonly does: 'zero' | 'weigh' | 'remove' | 'add'; readonly which: number; readonly member: number }
  | { readonly does: 'listener' | 'redirect'; readonly port: number }
  | { readonly does: 'group' | 'rename' | 'deleteGroup' | 'rule' | 'deleteRule'; readonly which: number }
  | { readonly does: 'untag' | 'pause' | 'unpause' }

export type Deed =
  | { readonly kind: 'create'; readonly name: string; readonly spec: Spec }
  | { readonly kind: 'remove' | 'unsettle' | 'settle'; readonly name: string }
  | { readonly kind: 'label'; readonly name: string; readonly wish: Wish }
  | { readonly kind: 'publish'; readonly name: string; readonly port: number }
  | { readonly kind: 'tasks'; readonly name: string; readonly nodes: readonly string[]; readonly leaving: boolean }
  | {
      readonly kind: 'node'
      readonly id: string
      readonly to:
        | 'active'
        | 'pause'
        | 'drain'
        | 'ready'
        | 'down'
        | 'unknown'
        | 'leave'
        | 'join'
        | 'readdress'
        | 'rejoin'
        | 'heavy'
        | 'light'
    }
  | { readonly kind: 'lead' | 'restart'; readonly who: 0 | 1 }
  | { readonly kind: 'deaf' | 'hear' | 'lookupFails' | 'lookupWorks' | 'approve' | 'resync' }
  | { readonly kind: 'hand'; readonly lb: 'lb-1' | 'lb-2'; readonly hand: Hand }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }
  | { readonly kind: 'unread'; readonly times: number }

/** `wait`: milliseconds until the next one; undefined: at the same moment, before anybody looks. */
export type Action = { readonly deed: Deed; readonly wait: number | undefined }
export type Sequence = { readonly setup: Setup; readonly actions: readonly Action[] }

export const MINUTE = 60_000
const NAMES = ['a', 'b', 'c', 'd'] as const
const WORKERS = ['n1', 'n2', 'n3', 'n4'] as const
const name = fc.constantFrom(...NAMES)
const port = fc.constantFrom(...INGRESS)
const which = fc.integer({ min: 0, max: 3 })
const someNodes = fc.subarray([...WORKERS], { minLength: 0, maxLength: 3 })

const someSpec: fc.Arbitrary<Spec> = fc.constantFrom('tcp' as const, 'tcp' as const, 'tcp' as const, 'udp' as const).chain((transport) =>
  fc.record({
    wish: someWish(transport),
    mode: fc.constantFrom('ingress' as const, 'ingress' as const, 'ingress' as const, 'host' as const),
    transport: fc.constant(transport),
    published: port,
    settled: fc.constantFrom(true, true, true, true, true, false),
    tasks: someNodes,
  }),
)

const hand: fc.Arbitrary<Hand> = fc.oneof(
  fc.record({ does: fc.constantFrom('stop', 'start', 'delete', 'edit', 'release', 'retarget'), which }),
  fc.record({ does: fc.constantFrom('zero', 'weigh', 'remove', 'add'), which, member: which }),
  fc.record({ does: fc.constantFrom('listener', 'redirect'), port: fc.constantFrom(80, 81) }),
  fc.record({ does: fc.constantFrom('group', 'rename', 'deleteGroup', 'rule', 'deleteRule'), which }),
  fc.record({ does: fc.constantFrom('untag', 'pause', 'unpause') }),
)

const NODE_FATES = [
  ...(['active', 'pause', 'drain', 'ready', 'down', 'unknown'] as const),
  ...(['leave', 'join', 'readdress', 'rejoin', 'heavy', 'light'] as const),
]

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('create'), name, spec: someSpec }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove'), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('unsettle', 'settle'), name }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('label'), name, wish: someWish('tcp') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('publish'), name, port }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tasks'), name, nodes: someNodes, leaving: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('node'), id: fc.constantFrom(...WORKERS), to: fc.constantFrom(...NODE_FATES) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('lead', 'restart'), who: fc.constantFrom(0, 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('deaf', 'hear', 'lookupFails', 'lookupWorks', 'approve', 'resync') }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('hand'), lb: fc.constantFrom('lb-1', 'lb-1', 'lb-2'), hand }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('faults'),
      faults: fc.array(fc.constantFrom('refused', 'failed', 'lost', 'unsent'), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unread'), times: fc.integer({ min: 1, max: 3 }) }) },
) as fc.Arbitrary<Deed>

const wait = fc.constantFrom(0, 0, 0, 1000, 16_000, 31_000, 31_000, 65_000, 11 * MINUTE, undefined)

const start = fc.record({ deed: fc.record({ kind: fc.constant('create' as const), name, spec: someSpec }), wait: fc.constantFrom(0, 1000) })

/** Services first: without any, nothing that follows means anything. */
export const someSequence = (maxLength: number): fc.Arbitrary<Sequence> =>
  fc.record({
    setup: fc.record({
      backends: fc.constantFrom('auto' as const, 'auto' as const, 'vserver-group' as const),
      pool: fc.constantFrom(false, false, true),
    }),
    actions: fc
      .tuple(
        fc.array(start, { minLength: 1, maxLength: 3 }),
        fc.array(fc.record({ deed, wait }), { maxLength: Math.max(0, maxLength - 3), size: 'max' }),
      )
      .map(([first, then]): readonly Action[] => [...first, ...then]),
  })
