// A provider without a cloud: load balancers are values, and a test may stand between a change and its effect.
import type { Change, LoadBalancer } from '../../src/core/model.ts'
import type { Region } from '../../src/core/region.ts'
import {
  CallError,
  type Handle,
  type Health,
  type OpenOptions,
  type Provider,
  type ReadPem,
  type Turn,
} from '../../src/providers/provider.ts'
import { applied } from './memory-load-balancer.ts'
import { EMPTY_REGION, memoryRegion, type RegionWritten } from './memory-region.ts'

export type Written = {
  readonly id: string
  readonly change: Change
  readonly turn: Turn
  readonly before: LoadBalancer
  readonly after: LoadBalancer
}

export type MemoryProvider = Provider & {
  /** What exists now; a test may play the people who change it by hand. */
  readonly state: Map<string, LoadBalancer>
  readonly opened: { readonly id: string; readonly members: OpenOptions['members'] }[]
  readonly written: Written[]
  lb(id?: string): LoadBalancer
  edit(edit: (lb: LoadBalancer) => LoadBalancer, id?: string): void
  readonly regionWritten: readonly RegionWritten[]
  region(): Region
  editRegion(edit: (region: Region) => Region): void
}

export type MemoryOptions = {
  /** Called instead of the change; `effect` carries it out. */
  readonly around?: (change: Change, effect: () => void, turn: Turn, id: string) => Promise<void> | void
  readonly opens?: (id: string, signal: AbortSignal) => Promise<void> | void
  readonly region?: Region
  readonly readPem?: ReadPem
  readonly health?: (lb: LoadBalancer) => readonly Health[] | Promise<readonly Health[]>
}

export const callError = (status: CallError['status'], code = 'Test') => new CallError({ status, action: 'Test', code, message: 'as told' })

/** Of every server behind a running listener, as DescribeHealthStatus has them; `unavailable`: nothing was checked. */
export const healthRows = ({ listeners, groups, members }: LoadBalancer, state: Health['state'] = 'unavailable'): readonly Health[] =>
  listeners.flatMap(({ key, status, target }) => {
    if (status !== 'running' || target === undefined) return []
    const behind = target.kind === 'group' ? (groups.find(({ ref }) => ref === target.group)?.members ?? []) : members
    const rowOf = (server: string, port = target.kind === 'default' ? target.port : 0) => ({ listener: key, server, port, state })
    return behind.map(({ server, port }) => rowOf(server, port))
  })

const missing = (id: string): LoadBalancer => ({
  id,
  name: id,
  address: '',
  addressType: 'intranet',
  status: 'missing',
  tags: {},
  members: [],
  groups: [],
  listeners: [],
})

export function memoryProvider(loadBalancers: readonly LoadBalancer[], options: MemoryOptions = {}): MemoryProvider {
  const state = new Map(loadBalancers.map((lb) => [lb.id, lb]))
  const opened: MemoryProvider['opened'][number][] = []
  const written: Written[] = []
  const lb = (id = 'lb-1') => {
    const found = state.get(id)
    if (found === undefined) throw new Error(`no load balancer ${id}`)
    return found
  }

  async function apply(id: string, change: Change, turn: Turn): Promise<readonly string[]> {
    if (turn.begin.aborted) throw callError('pending')
    const effect = () => {
      const before = lb(id)
      const after = applied(before, change)
      state.set(id, after)
      written.push({ id, change, turn, before, after })
    }
    if (options.around === undefined) effect()
    else await options.around(change, effect, turn, id)
    return [`req-${written.length}`]
  }

  /** What is no name is an id. */
  const idOf = (ref: string) => (state.has(ref) ? ref : ([...state.values()].find(({ name }) => name === ref)?.id ?? ref))
  const region = memoryRegion(options.region ?? EMPTY_REGION, options.readPem)

  return {
    state,
    opened,
    written,
    lb,
    edit: (edit, id = 'lb-1') => void state.set(id, edit(lb(id))),
    regionWritten: region.written,
    region: region.get,
    editRegion: region.edit,
    openRegion: region.open,
    findByTag: async (key, value) =>
      [...state.values()]
        .filter(({ tags }) => tags[key] === value)
        .map(({ id, name }) => ({ id, name }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    resolve: async (refs) => new Map(refs.map((ref) => [ref, { status: 'found', id: idOf(ref), name: ref }])),
    async open(id, { members }, signal): Promise<Handle> {
      opened.push({ id, members })
      await options.opens?.(id, signal)
      const actual = state.get(id) ?? missing(id)
      return {
        actual,
        health: async () => options.health?.(lb(id)) ?? healthRows(lb(id)),
        apply: (change, turn) => apply(id, change, turn),
      }
    },
  }
}
