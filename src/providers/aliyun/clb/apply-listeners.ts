// The changes to listeners, as calls. A new listener carries no traffic until it is started, so create and start are one change.
import type { ChangeOf, ListenerKey, ListenerSpec, Protocol, Target } from '../../../core/model.ts'
import { CallError } from '../../provider.ts'
import type { Params } from '../flatten.ts'
import { type Groups, idOf } from './apply-groups.ts'
import { createParams, updateParams } from './settings.ts'
import type { Step } from './step.ts'

export type Place = { readonly key: ListenerKey; readonly protocol: Protocol }

export const portOf = (key: ListenerKey) => Number(key.slice(key.indexOf(':') + 1))
const createAction = (protocol: Protocol) => `CreateLoadBalancer${protocol.toUpperCase()}Listener`
const setAction = (protocol: Protocol) => `SetLoadBalancer${protocol.toUpperCase()}ListenerAttribute`

/** Start, Stop and Delete do not know the protocol from the action, and one port may have a tcp and a udp listener. */
export const lifecycle = ({ loadBalancerId }: Groups, { key, protocol }: Place): Params => ({
  LoadBalancerId: loadBalancerId,
  ListenerPort: portOf(key),
  ListenerProtocol: protocol,
})

const create = ({ loadBalancerId }: Groups, { protocol, port, note, settings }: ListenerSpec, target: Params) => ({
  LoadBalancerId: loadBalancerId,
  ListenerPort: port,
  Description: note,
  ...target,
  ...createParams(protocol, settings),
})

const createTarget = (groups: Groups, target: Target | undefined): Params =>
  target === undefined ? {} : target.kind === 'group' ? { VServerGroupId: idOf(groups, target.group) } : { BackendServerPort: target.port }

/** The port on the default group is part of a listener's birth: only the group can be switched. */
const updateTarget = (groups: Groups, target: Target): Params =>
  target.kind === 'group' ? { VServerGroup: 'on', VServerGroupId: idOf(groups, target.group) } : { VServerGroup: 'off' }

const start = (groups: Groups, step: Step, place: Place) => step.write('StartLoadBalancerListener', lifecycle(groups, place))

const setNote = (groups: Groups, step: Step, { key, protocol }: Place, note: string) =>
  step.write(setAction(protocol), { LoadBalancerId: groups.loadBalancerId, ListenerPort: portOf(key), Description: note })

/** Start and Set answer the same text with InvalidParameter, but for them it is a failure. */
const isGone = (error: unknown) =>
  error instanceof CallError &&
  error.status === 'failed' &&
  (['ResourceNotFound.Listener', 'ListenerNotFound'].includes(error.code) || /specified resource does not exist/i.test(error.message))

/** A listener that is gone already is deleted. */
async function remove(groups: Groups, step: Step, place: Place) {
  groups.web.gone(groups.loadBalancerId, place.key)
  await step.write('DeleteLoadBalancerListener', lifecycle(groups, place)).catch((error: unknown) => {
    if (!isGone(error)) throw error
  })
}

export const createListener =
  (groups: Groups) =>
  async ({ listener }: ChangeOf<'createListener'>, step: Step) => {
    await step.write(createAction(listener.protocol), create(groups, listener, createTarget(groups, listener.target)))
    await start(groups, step, listener)
  }

export const updateListener = (groups: Groups) => async (change: ChangeOf<'updateListener'>, step: Step) => {
  const { key, protocol, set, settings, note, target } = change
  await step.write(setAction(protocol), {
    LoadBalancerId: groups.loadBalancerId,
    ListenerPort: portOf(key),
    ...(note === undefined ? {} : { Description: note }),
    ...(target === undefined ? {} : updateTarget(groups, target)),
    ...updateParams(protocol, set, settings),
  })
}

/** The note goes first: from the start on there is traffic. */
export const startListener = (groups: Groups) => async (change: ChangeOf<'startListener'>, step: Step) => {
  if (change.note !== undefined) await setNote(groups, step, change, change.note)
  await start(groups, step, change)
}

export const stopListener = (groups: Groups) => async (change: ChangeOf<'stopListener'>, step: Step) => {
  await step.write('StopLoadBalancerListener', lifecycle(groups, change))
  await setNote(groups, step, change, change.note)
}

export const deleteListener = (groups: Groups) => (change: ChangeOf<'deleteListener'>, step: Step) => remove(groups, step, change)

/**
 * Between delete and start nobody is served, so everything that can be refused is looked up before. Rules and further certificates go
 * with the old listener: the changes behind this one make them again.
 */
export const replaceListener =
  (groups: Groups) =>
  async ({ was, listener }: ChangeOf<'replaceListener'>, step: Step) => {
    const params = create(groups, listener, createTarget(groups, listener.target))
    await remove(groups, step, { key: listener.key, protocol: was })
    const again = () => step.write(createAction(listener.protocol), params)
    await step.insist(['ListenerAlreadyExists', 'ListenerPortConflict', 'InvalidParameter.ListenerPortConflict'], again)
    await start(groups, step, listener)
  }
