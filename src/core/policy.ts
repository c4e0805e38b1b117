// SLB_POLICY: what kinds of change may be made at all.
import { isClosing } from './chains.ts'
import type { Change, Plan } from './model.ts'

export type Policy = 'sync' | 'upsert-only' | 'create-only'

const DELETES: readonly Change['kind'][] = ['deleteListener', 'deleteGroup', 'deleteRules', 'deleteExtension']
const CREATES: readonly Change['kind'][] = [
  'tagLoadBalancer',
  'createGroup',
  'addBackends',
  'createListener',
  'startListener',
  'createRules',
  'createExtension',
]

/** upsert-only never deletes a listener, rule or group; create-only also leaves alone what exists, but for nodes that join. */
export function allowedBy(policy: Policy, plan: Plan): Plan {
  if (policy === 'sync') return plan
  const allows = ({ kind }: Change) => (policy === 'upsert-only' ? !DELETES.includes(kind) : CREATES.includes(kind))
  return plan.flatMap((chain) => {
    if (isClosing(chain)) return [chain]
    const stopped = chain.changes.findIndex((change) => !allows(change))
    const changes = stopped === -1 ? chain.changes : chain.changes.slice(0, stopped)
    return changes.length === 0 ? [] : [{ ...chain, changes }]
  })
}
