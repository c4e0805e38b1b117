// What somebody does to the account in the console: changes that no API call of the daemon made. Each leaves a valid state or none.
import { loadWorld } from '../load-world.ts'
import type { Backend, LoadBalancer, World } from '../world.ts'

/** The thing that was to be changed is not there. */
export class NothingThere extends Error {
  override readonly name = 'NothingThere'
}

export type Patch = Readonly<Record<string, unknown>>

/** Replaces the whole account, in place. Throws ZodError when the state does not fit. */
export function replaceWorld(world: World, state: unknown): void {
  Object.assign(world, loadWorld(state))
}

export function editInstance(world: World, id: string, patch: Patch): void {
  edit(world, (copy) =>
    assign(
      there(
        copy.instances.find((each) => each.id === id),
        `instance ${id}`,
      ),
      patch,
    ),
  )
}

export function editLoadBalancer(world: World, id: string, patch: Patch): void {
  edit(world, (copy) => assign(loadBalancerOf(copy, id), patch))
}

/** `config` in the patch changes single settings; everything else is replaced. */
export function editListener(world: World, id: string, protocol: string, port: number, patch: Patch): void {
  edit(world, (copy) => {
    const listener = there(
      loadBalancerOf(copy, id).listeners.find((each) => each.port === port && each.protocol === protocol),
      `listener ${protocol} ${port}`,
    )
    assign(listener, { ...patch, config: { ...listener.config, ...(patch['config'] as object | undefined) } })
  })
}

export function deleteListener(world: World, id: string, protocol: string, port: number): void {
  edit(world, (copy) => {
    const loadBalancer = loadBalancerOf(copy, id)
    loadBalancer.listeners = less(loadBalancer.listeners, (each) => each.port === port && each.protocol === protocol)
  })
}

/** `port` undefined: every row of that server in the list. */
export type Row = { readonly serverId: string; readonly port: number | undefined }

export function editBackend(world: World, listOf: ListOf, row: Row, patch: Patch): void {
  edit(world, (copy) => {
    const rows = listOf(copy).get().filter(matching(row))
    there(rows[0], `server ${row.serverId}`)
    for (const each of rows) assign(each, patch)
  })
}

export function deleteBackend(world: World, listOf: ListOf, row: Row): void {
  edit(world, (copy) => {
    const list = listOf(copy)
    list.set(less(list.get(), matching(row)))
  })
}

type ListOf = (world: World) => { get(): Backend[]; set(servers: Backend[]): void }

export const defaultServers =
  (id: string): ListOf =>
  (world) => {
    const loadBalancer = loadBalancerOf(world, id)
    return {
      get: () => loadBalancer.backendServers,
      set(servers) {
        loadBalancer.backendServers = servers
      },
    }
  }

export const groupServers =
  (id: string): ListOf =>
  (world) => {
    const group = there(
      world.loadBalancers.flatMap(({ groups }) => groups).find((each) => each.id === id),
      `group ${id}`,
    )
    return {
      get: () => group.servers,
      set(servers) {
        group.servers = servers
      },
    }
  }

const matching =
  ({ serverId, port }: Row) =>
  (server: Backend): boolean =>
    server.serverId === serverId && (port === undefined || server.port === port)

const loadBalancerOf = (world: World, id: string): LoadBalancer =>
  there(
    world.loadBalancers.find((each) => each.id === id || each.name === id),
    `load balancer ${id}`,
  )

function edit(world: World, change: (copy: World) => void): void {
  const copy = structuredClone(world)
  change(copy)
  replaceWorld(world, copy)
}

/** null takes a value away. */
function assign(target: object, patch: Patch): void {
  const record = target as Record<string, unknown>
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete record[key]
    else record[key] = value
  }
}

function there<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new NothingThere(`${what} is not there`)
  return value
}

function less<T>(items: readonly T[], gone: (item: T) => boolean): T[] {
  const left = items.filter((item) => !gone(item))
  if (left.length === items.length) throw new NothingThere('nothing there to delete')
  return left
}
