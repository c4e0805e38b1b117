// Creating and changing listeners, all four kinds. A new listener is stopped; a Set call changes only what it names.
import { ApiError, invalid } from '../gateway/api-error.ts'
import { flag, type Params, text } from '../gateway/params.ts'
import { defaultsOf } from '../listener-fields.ts'
import { transportOf } from '../load-world.ts'
import type { Settings } from '../settings.ts'
import type { Listener, LoadBalancer, Protocol } from '../world.ts'
import { type Actions, type Body, type Call, namedLoadBalancer } from './call.ts'
import { expectListener } from './find-listener.ts'
import { requireReady, startTransition } from './listener-states.ts'
import { changedAccess, changedTarget, createTarget } from './listener-targets.ts'
import { checkSchedulerChange, listenerPort, mergeValues, readValues } from './listener-values.ts'
import { newTags } from './tag-values.ts'

const DESCRIPTION = /^[\p{L}\p{N}\-/._]{1,256}$/u

function createListener(protocol: Protocol): (call: Call) => Body {
  return (call) => {
    const { params, world, settings } = call
    const loadBalancer = namedLoadBalancer(call)
    const port = listenerPort(params, protocol)
    checkPortFree(call, loadBalancer, port, protocol)
    if (loadBalancer.listeners.length >= settings.quotas.listeners) throw new ApiError('ListenerNumberOverLimit')
    const target = createTarget(loadBalancer, protocol, params, settings)
    const access = changedAccess(world, loadBalancer, { aclStatus: 'off', aclType: undefined, aclIds: [] }, params, settings)
    const initial = { protocol, port, config: { ...defaultsOf(protocol), HealthCheckInterval: initialInterval(protocol, settings) } }
    const config = mergeValues(world, loadBalancer, initial, readValues(protocol, params))
    const listener: Listener = {
      port,
      protocol,
      status: 'stopped',
      description: readDescription(params) ?? '',
      tags: newTags(params, settings),
      rules: [],
      domainExtensions: [],
      config,
      ...target,
      ...access,
    }
    startTransition(call, listener, 'configuring')
    loadBalancer.listeners.push(listener)
    return {}
  }
}

const initialInterval = (protocol: Protocol, { unsure }: Settings): number =>
  protocol === 'tcp' ? unsure.tcpCheckInterval : protocol === 'udp' ? unsure.udpCheckInterval : unsure.httpCheckInterval

function checkPortFree({ settings }: Call, loadBalancer: LoadBalancer, port: number, protocol: Protocol): void {
  for (const other of loadBalancer.listeners) {
    if (other.port !== port) continue
    if (transportOf(other.protocol) === transportOf(protocol)) throw new ApiError('ListenerAlreadyExists')
    if (!settings.unsure.tcpUdpSamePort) throw new ApiError('InvalidParameter.ListenerPortConflict')
  }
}

function setListener(protocol: Protocol): (call: Call) => Body {
  return (call) => {
    const { params, world, settings } = call
    const loadBalancer = namedLoadBalancer(call)
    const listener = expectListener(loadBalancer, params, protocol)
    requireReady(call, listener)
    if (listener.forwardPort !== undefined) {
      throw new ApiError('Operation.NotAllowed', 'Operation Denied. The HTTP listener does not support this action.')
    }
    const target = changedTarget(loadBalancer, listener, params, settings)
    const access = changedAccess(world, loadBalancer, listener, params, settings)
    const config = mergeValues(world, loadBalancer, listener, readValues(protocol, params))
    checkSchedulerChange(listener.config, config)
    const description = readDescription(params) ?? listener.description
    if (flag(params, 'DryRun')) return {}
    Object.assign(listener, target, access, { config, description })
    startTransition(call, listener, 'configuring')
    return {}
  }
}

function readDescription(params: Params): string | undefined {
  const description = text(params, 'Description')
  if (description !== undefined && !DESCRIPTION.test(description)) throw invalid('The specified Description is invalid.')
  return description
}

export const listenerActions: Actions = {
  CreateLoadBalancerTCPListener: createListener('tcp'),
  CreateLoadBalancerUDPListener: createListener('udp'),
  CreateLoadBalancerHTTPListener: createListener('http'),
  CreateLoadBalancerHTTPSListener: createListener('https'),
  SetLoadBalancerTCPListenerAttribute: setListener('tcp'),
  SetLoadBalancerUDPListenerAttribute: setListener('udp'),
  SetLoadBalancerHTTPListenerAttribute: setListener('http'),
  SetLoadBalancerHTTPSListenerAttribute: setListener('https'),
}
