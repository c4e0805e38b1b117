// From a state file, or nothing, to a complete world; and the look-ups everybody needs.
import { readFile } from 'node:fs/promises'
import { ApiError, groupMissing } from './gateway/api-error.ts'
import { defaultsOf } from './listener-fields.ts'
import { type Listener, type LoadBalancer, type ServerGroup, type StateFile, stateSchema, type World } from './world.ts'

/** Throws ZodError when the state does not fit its schema (world.ts). */
export function loadWorld(state: unknown = {}): World {
  const world = stateSchema.parse(state)
  for (const loadBalancer of world.loadBalancers) fillLoadBalancer(world, loadBalancer)
  for (const instance of world.instances) {
    instance.vpcId ??= instance.networkType === 'vpc' ? world.vpcId : ''
    instance.vSwitchId ??= world.vSwitchId
    instance.zoneId ??= world.zoneId
    if (instance.name === '') instance.name = instance.id
  }
  return world
}

export async function readWorld(state: StateFile | string | undefined): Promise<World> {
  return loadWorld(typeof state === 'string' ? JSON.parse(await readFile(state, 'utf8')) : state)
}

export function fillLoadBalancer(world: World, loadBalancer: LoadBalancer): void {
  loadBalancer.name ??= loadBalancer.id
  loadBalancer.address ??= freeAddress(world)
  loadBalancer.vpcId ??= loadBalancer.networkType === 'vpc' ? world.vpcId : ''
  loadBalancer.vSwitchId ??= loadBalancer.networkType === 'vpc' ? world.vSwitchId : ''
  loadBalancer.masterZoneId ??= world.zoneId
  loadBalancer.slaveZoneId ??= world.slaveZoneId
  for (const listener of loadBalancer.listeners) listener.config = { ...defaultsOf(listener.protocol), ...listener.config }
}

/** From the pool, then from 127.77.0.0/16: loopback addresses need no setting up. */
function freeAddress(world: World): string {
  const taken = new Set(world.loadBalancers.map(({ address }) => address))
  const pooled = world.addressPool.find((address) => !taken.has(address))
  if (pooled !== undefined) return pooled
  for (let n = 1; n < 65_535; n++) {
    const address = `127.77.${n >> 8}.${n & 255}`
    if (!taken.has(address)) return address
  }
  throw new ApiError('VSwitchAvailableIpNotExist')
}

export function findGroup(world: World, id: string): { loadBalancer: LoadBalancer; group: ServerGroup } {
  for (const loadBalancer of world.loadBalancers) {
    const group = loadBalancer.groups.find((candidate) => candidate.id === id)
    if (group !== undefined) return { loadBalancer, group }
  }
  throw groupMissing()
}

/** Whose group, rule or further certificate this is. */
export const loadBalancerOf = (world: World, id: string): LoadBalancer | undefined =>
  world.loadBalancers.find(({ groups, masterSlaveGroups, listeners }) =>
    [...groups, ...masterSlaveGroups, ...listeners.flatMap(({ rules, domainExtensions }) => [...rules, ...domainExtensions])].some(
      (part) => part.id === id,
    ),
  )

/** TCP, HTTP and HTTPS exclude one another on a port; UDP lives beside them. */
export const transportOf = (protocol: string): 'tcp' | 'udp' => (protocol === 'udp' ? 'udp' : 'tcp')

export const findListener = (loadBalancer: LoadBalancer, port: number, protocol: string): Listener | undefined =>
  loadBalancer.listeners.find((listener) => listener.port === port && listener.protocol === protocol)
