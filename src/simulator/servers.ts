// The machines behind a load balancer: ECS instances and network interfaces of the account, and the addresses traffic goes to.
import type { Backend, Instance, World } from './world.ts'

export const findInstance = (world: World, id: string): Instance | undefined => world.instances.find((instance) => instance.id === id)

export function findInterface(world: World, id: string) {
  for (const instance of world.instances) {
    const found = instance.networkInterfaces.find((candidate) => candidate.id === id)
    if (found !== undefined) return { instance, networkInterface: found }
  }
  return undefined
}

/** Where this server is reached; undefined when it is not (or no longer) in the account. */
export function addressOf(world: World, { serverId, serverIp, type }: Pick<Backend, 'serverId' | 'serverIp' | 'type'>): string | undefined {
  if (type === 'eni') return serverIp ?? findInterface(world, serverId)?.networkInterface.primaryIp
  return serverIp ?? findInstance(world, serverId)?.privateIp
}

/** One member of a group: the same server may serve several ports, an interface several addresses. */
export const sameServer = (
  a: Pick<Backend, 'serverId' | 'serverIp' | 'port'>,
  b: Pick<Backend, 'serverId' | 'serverIp' | 'port'>,
): boolean => a.serverId === b.serverId && a.port === b.port && (a.serverIp ?? b.serverIp ?? '') === (b.serverIp ?? a.serverIp ?? '')
