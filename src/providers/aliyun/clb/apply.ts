// Every kind of change and how CLB carries it out: a kind without a line here does not compile.
import type { Change, ChangeOf } from '../../../core/model.ts'
import { createExtension, deleteExtension, updateExtension } from './apply-extensions.ts'
import { changeMembers, createGroup, deleteGroup, type Groups, renameGroup, tagLoadBalancer, untagLoadBalancer } from './apply-groups.ts'
import { createListener, deleteListener, replaceListener, startListener, stopListener, updateListener } from './apply-listeners.ts'
import { createRules, deleteRules, updateRule } from './apply-rules.ts'
import type { Step } from './step.ts'

type Kind = Change['kind']
type ByKind = { [K in Kind]: ChangeOf<K> }
type Table<K extends Kind> = { readonly [P in K]: (change: ByKind[P], step: Step) => Promise<unknown> }

const appliers = (groups: Groups): Table<Kind> => ({
  tagLoadBalancer: tagLoadBalancer(groups),
  untagLoadBalancer: untagLoadBalancer(groups),
  createGroup: createGroup(groups),
  addBackends: changeMembers(groups),
  setWeights: changeMembers(groups),
  removeBackends: changeMembers(groups),
  deleteGroup: deleteGroup(groups),
  renameGroup: renameGroup(groups),
  createListener: createListener(groups),
  updateListener: updateListener(groups),
  startListener: startListener(groups),
  stopListener: stopListener(groups),
  deleteListener: deleteListener(groups),
  replaceListener: replaceListener(groups),
  createRules: createRules(groups),
  updateRule: updateRule(groups),
  deleteRules: deleteRules(groups),
  createExtension: createExtension(groups),
  updateExtension: updateExtension(groups),
  deleteExtension: deleteExtension(groups),
})

/** Ties a change to the applier of its kind, which the compiler cannot see for a union. */
const dispatch = <K extends Kind>(table: Table<K>, kind: K, change: ByKind[K], step: Step) => table[kind](change, step)

/** Carries out one change; answers with the request ids of its writes. Throws CallError. */
export async function applyChange(groups: Groups, change: Change, step: Step): Promise<readonly string[]> {
  await dispatch(appliers(groups), change.kind, change, step)
  return step.requestIds
}
