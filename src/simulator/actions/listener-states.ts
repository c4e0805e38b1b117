// Starting, stopping and deleting listeners, and the short states between.
import { ApiError } from '../gateway/api-error.ts'
import type { Listener } from '../world.ts'
import { type Actions, type Body, type Call, namedLoadBalancer } from './call.ts'
import { portListener } from './find-listener.ts'

export const statusOf = (listener: Listener, now: number): string =>
  listener.transition !== undefined && listener.transition.until > now ? listener.transition.status : listener.status

export function startTransition({ settings, now }: Call, listener: Listener, status: string): void {
  if (settings.transitionMs > 0) listener.transition = { status, until: now + settings.transitionMs }
}

export const isSettled = ({ now }: Call, { transition }: Listener): boolean => transition === undefined || transition.until <= now

/** While a listener is between two states the cloud takes no other change to it. */
export function requireReady(call: Call, listener: Listener): void {
  if (isSettled(call, listener)) return
  if (listener.transition?.status === 'stopping') throw new ApiError('ServiceIsStopping')
  throw new ApiError(call.action === 'StartLoadBalancerListener' ? 'Operation.Deny' : 'ServiceIsConfiguring')
}

function startListener(call: Call): Body {
  const listener = portListener(namedLoadBalancer(call), call.params)
  requireReady(call, listener)
  if (listener.status === 'running') {
    if (call.settings.unsure.startRunning === 'error') throw new ApiError('Operation.NotAllowed')
    return {}
  }
  listener.status = 'running'
  startTransition(call, listener, 'starting')
  return {}
}

function stopListener(call: Call): Body {
  const listener = portListener(namedLoadBalancer(call), call.params)
  requireReady(call, listener)
  if (listener.status === 'stopped') {
    if (call.settings.unsure.stopStopped === 'error') throw new ApiError('Operation.NotAllowed')
    return {}
  }
  listener.status = 'stopped'
  startTransition(call, listener, 'stopping')
  return {}
}

/** Its rules and domain extensions go with it; its group stays. */
function deleteListener(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const listener = portListener(loadBalancer, call.params, () => new ApiError('ResourceNotFound.Listener'))
  requireReady(call, listener)
  const redirected = listener.protocol === 'https' && loadBalancer.listeners.some(({ forwardPort }) => forwardPort === listener.port)
  if (redirected) throw new ApiError('ListenerForwardExist')
  loadBalancer.listeners = loadBalancer.listeners.filter((each) => each !== listener)
  if (loadBalancer.listeners.length === 0 && call.settings.unsure.lastListenerInactivates) loadBalancer.status = 'inactive'
  return {}
}

export const listenerStateActions: Actions = {
  StartLoadBalancerListener: startListener,
  StopLoadBalancerListener: stopListener,
  DeleteLoadBalancerListener: deleteListener,
}
