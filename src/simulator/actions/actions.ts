// Every action the simulator carries out, by product. Anything else is InvalidAction.NotFound.
import type { Product } from '../gateway/check-params.ts'
import { aclActions } from './acls.ts'
import { backendActions } from './backends.ts'
import type { Actions } from './call.ts'
import { certificateActions } from './certificates.ts'
import { domainExtensionActions } from './domain-extensions.ts'
import { groupActions } from './groups.ts'
import { healthActions } from './health.ts'
import { instanceActions } from './instances.ts'
import { listenerStateActions } from './listener-states.ts'
import { listenerViewActions } from './listener-views.ts'
import { listenerActions } from './listeners.ts'
import { loadBalancerViewActions } from './load-balancer-views.ts'
import { loadBalancerActions } from './load-balancers.ts'
import { masterSlaveGroupActions } from './master-slave-groups.ts'
import { placeActions } from './places.ts'
import { ruleActions } from './rules.ts'
import { tagActions } from './tags.ts'
import { tlsPolicyActions } from './tls-policies.ts'

export const ACTIONS: Readonly<Record<Product, Actions>> = {
  slb: {
    ...loadBalancerActions,
    ...loadBalancerViewActions,
    ...listenerActions,
    ...listenerStateActions,
    ...listenerViewActions,
    ...backendActions,
    ...healthActions,
    ...groupActions,
    ...tagActions,
    ...ruleActions,
    ...certificateActions,
    ...domainExtensionActions,
    ...aclActions,
    ...tlsPolicyActions,
    ...masterSlaveGroupActions,
    ...placeActions,
  },
  ecs: instanceActions,
}
