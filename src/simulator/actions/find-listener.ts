// Which listener a call means: by port and the action's own protocol, or by port alone.
import { ApiError, listenerMissing } from '../gateway/api-error.ts'
import { needInt, type Params, text } from '../gateway/params.ts'
import { findListener, transportOf } from '../load-world.ts'
import type { Listener, LoadBalancer, Protocol } from '../world.ts'

/** The listener a per-protocol call means. Another protocol on that port is told apart from nothing at all. */
export function expectListener(loadBalancer: LoadBalancer, params: Params, protocol: Protocol): Listener {
  const port = needInt(params, 'ListenerPort')
  const listener = findListener(loadBalancer, port, protocol)
  if (listener !== undefined) return listener
  const other = loadBalancer.listeners.some((each) => each.port === port && transportOf(each.protocol) === transportOf(protocol))
  throw other ? new ApiError('UnsupportedOperationonfixedprotocalport') : listenerMissing()
}

/** A listener named by port alone; two on one port number need ListenerProtocol (TooManyListeners is that, not a quota). */
export function portListener(loadBalancer: LoadBalancer, params: Params, absent: () => ApiError = listenerMissing): Listener {
  const port = needInt(params, 'ListenerPort')
  const protocol = text(params, 'ListenerProtocol')?.toLowerCase()
  const found = loadBalancer.listeners.filter((each) => each.port === port && (protocol === undefined || each.protocol === protocol))
  if (found.length > 1) throw new ApiError('TooManyListeners')
  const [listener] = found
  if (listener === undefined) throw absent()
  return listener
}
