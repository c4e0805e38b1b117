// The changes to server groups and to the load balancer's tags, as calls. Keeps the member cache in step with what was written.
import { type ChangeOf, DEFAULT_GROUP, type GroupRef, type Member } from '../../../core/model.ts'
import { CallError } from '../../provider.ts'
import type { Params } from '../flatten.ts'
import { BATCH, isBadServer, sendInBatches } from './batches.ts'
import { type MemberCache, withAdded, withRemoved, withWeights } from './members.ts'
import type { Step } from './step.ts'
import type { Web } from './web.ts'
import { createdGroupSchema, parse } from './wire.ts'

export type Groups = {
  readonly loadBalancerId: string
  /** Groups of the load balancer by what changes call them: those read by their id, those made by a plan by their mark. */
  readonly ids: Map<GroupRef, string>
  readonly members: MemberCache
  readonly web: Web
}

type MemberChange = 'addBackends' | 'setWeights' | 'removeBackends'
type Operation = {
  readonly own: string
  readonly default: string
  readonly effect: (members: readonly Member[], written: readonly Member[]) => readonly Member[]
  readonly wire: (member: Member) => object
}

const address = ({ server, port }: Member) => ({ ServerId: server, ...(port === undefined ? {} : { Port: port }) })

/** A description has at least one character, so an empty note is left out. */
const full = (member: Member) => ({
  ...address(member),
  Weight: member.weight,
  ...(member.note === '' ? {} : { Description: member.note }),
})

const OPERATIONS: Readonly<Record<MemberChange, Operation>> = {
  addBackends: { own: 'AddVServerGroupBackendServers', default: 'AddBackendServers', effect: withAdded, wire: full },
  setWeights: { own: 'SetVServerGroupAttribute', default: 'SetBackendServers', effect: withWeights, wire: full },
  removeBackends: { own: 'RemoveVServerGroupBackendServers', default: 'RemoveBackendServers', effect: withRemoved, wire: address },
}

export function idOf({ ids }: Groups, ref: GroupRef): string {
  const id = ids.get(ref)
  if (id !== undefined) return id
  throw new CallError({ status: 'failed', action: 'Plan', code: 'UnknownGroup', message: `group ${ref} was neither read nor created` })
}

/** Runs a write to a group; after an error nobody knows its members, unless nothing was sent. */
async function guarded<T>({ members }: Groups, id: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof CallError && error.status === 'pending')) members.drop(id)
    throw error
  }
}

async function writeMembers(groups: Groups, step: Step, kind: MemberChange, ref: GroupRef, members: readonly Member[]) {
  const operation = OPERATIONS[kind]
  const inDefault = ref === DEFAULT_GROUP
  const where: Params = inDefault ? { LoadBalancerId: groups.loadBalancerId } : { VServerGroupId: idOf(groups, ref) }
  await sendInBatches(members, async (batch) => {
    const params: Params = { ...where, BackendServers: JSON.stringify(batch.map(operation.wire)) }
    if (inDefault) await step.write(operation.default, params)
    else await writeOwn(groups, idOf(groups, ref), batch, operation, () => step.write(operation.own, params))
  })
}

async function writeOwn(groups: Groups, id: string, batch: readonly Member[], { effect }: Operation, write: () => Promise<unknown>) {
  await guarded(groups, id, write)
  groups.members.update(id, (members) => effect(members, batch))
}

type AnyMemberChange = ChangeOf<MemberChange>

export const changeMembers = (groups: Groups) => (change: AnyMemberChange, step: Step) =>
  writeMembers(groups, step, change.kind, change.group, change.members)

/** With its first members in the same call; where one of those is refused, empty, so that the others can follow. */
export const createGroup = (groups: Groups) => async (change: ChangeOf<'createGroup'>, step: Step) => {
  const action = 'CreateVServerGroup'
  const create = async (members: readonly Member[]) => {
    const servers = members.length === 0 ? {} : { BackendServers: JSON.stringify(members.map(full)) }
    const reply = await step.write(action, { LoadBalancerId: groups.loadBalancerId, VServerGroupName: change.name, ...servers })
    const { VServerGroupId: id } = parse(action, createdGroupSchema, reply)
    groups.ids.set(change.name, id)
    groups.members.put(id, members)
    return members.length
  }
  const done = await create(change.members.slice(0, BATCH)).catch((error: unknown) => {
    if (isBadServer(error)) return create([])
    throw error
  })
  await writeMembers(groups, step, 'addBackends', change.name, change.members.slice(done))
}

export const renameGroup = (groups: Groups) => async (change: ChangeOf<'renameGroup'>, step: Step) => {
  await step.write('SetVServerGroupAttribute', { VServerGroupId: idOf(groups, change.group), VServerGroupName: change.name })
}

const GONE = /VServerGroupId does not exist/i

const isGone = (error: unknown) =>
  error instanceof CallError && error.status === 'failed' && (GONE.test(error.message) || error.code === 'ResourceNotFound.VServerGroup')

/** The cloud lets go of a group a moment after the listener that used it is gone. */
export const deleteGroup = (groups: Groups) => async (change: ChangeOf<'deleteGroup'>, step: Step) => {
  const VServerGroupId = idOf(groups, change.group)
  const remove = () => guarded(groups, VServerGroupId, () => step.write('DeleteVServerGroup', { VServerGroupId }))
  await step.insist(['RspoolVipExist', 'RspoolRuleExist'], remove).catch((error: unknown) => {
    if (!isGone(error)) throw error
  })
  groups.members.drop(VServerGroupId)
  groups.ids.delete(change.group)
}

/** The API takes at most this many tags in one call. */
const TAGS = 20

export const tagLoadBalancer = (groups: Groups) => async (change: ChangeOf<'tagLoadBalancer'>, step: Step) => {
  const tags = Object.entries(change.tags).map(([Key, Value]) => ({ Key, Value }))
  for (let i = 0; i < tags.length; i += TAGS) {
    await step.write('TagResources', { ResourceType: 'instance', ResourceId: [groups.loadBalancerId], Tag: tags.slice(i, i + TAGS) })
  }
}

export const untagLoadBalancer = (groups: Groups) => async (change: ChangeOf<'untagLoadBalancer'>, step: Step) => {
  await step.write('UntagResources', { ResourceType: 'instance', ResourceId: [groups.loadBalancerId], TagKey: change.keys })
}
