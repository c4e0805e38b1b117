// The data plane: real sockets that follow the listeners the control plane describes. Whatever happens to a connection or a port is
// logged and reported; nothing here ends the process.
import type { DataPlane, PlaneHealthRow, PlaneListener } from '../plane.ts'
import { openListener, type RunningListener } from './listener.ts'
import { type DataPlaneOptions, planeSettings } from './settings.ts'

export type { DataPlaneOptions } from './settings.ts'

/** What cannot change without another socket. */
const keyOf = ({ loadBalancerId, protocol, address, port, clientAuthority }: PlaneListener) =>
  `${loadBalancerId} ${protocol} ${address} ${port}${clientAuthority === undefined ? '' : ' mutual'}`

export function createDataPlane(options: DataPlaneOptions): DataPlane {
  const settings = planeSettings(options)
  const running = new Map<string, RunningListener>()
  const closing = new Set<Promise<void>>()
  let described: readonly PlaneListener[] = []
  const close = (key: string, listener: RunningListener) => {
    running.delete(key)
    const closed = listener.close().finally(() => closing.delete(closed))
    closing.add(closed)
  }
  return {
    sync(listeners) {
      described = listeners
      const wanted = new Map(listeners.filter((listener) => listener.running).map((listener) => [keyOf(listener), listener]))
      // First, so that a port which changes hands is free.
      for (const [key, listener] of running) if (!wanted.has(key)) close(key, listener)
      for (const [key, listener] of wanted) {
        const open = running.get(key)
        if (open === undefined) running.set(key, openListener(listener, settings))
        else open.update(listener)
      }
    },
    health: (loadBalancerId) =>
      described
        .filter((listener) => listener.loadBalancerId === loadBalancerId)
        .flatMap((listener) => running.get(keyOf(listener))?.health() ?? unchecked(listener)),
    problems: () => [...running.values()].flatMap((listener) => listener.problems()),
    async close() {
      described = []
      for (const [key, listener] of running) close(key, listener)
      await Promise.all(closing)
    },
  }
}

/** Nothing is known of the servers of a stopped listener. */
function unchecked({ loadBalancerId, port: listenerPort, protocol, group, rules }: PlaneListener): readonly PlaneHealthRow[] {
  const servers = [group, ...rules.map((rule) => rule.group)].flatMap(({ backends }) => backends)
  const rows = servers.map(({ server, port }) => ({ loadBalancerId, listenerPort, protocol, server, port, state: 'unavailable' as const }))
  return [...new Map(rows.map((row) => [`${row.server}|${row.port}`, row])).values()]
}
