// The changes to the further certificates of https listeners, as calls.
import type { ChangeOf, ListenerKey } from '../../../core/model.ts'
import { CallError } from '../../provider.ts'
import type { Groups } from './apply-groups.ts'
import { portOf } from './apply-listeners.ts'
import type { Step } from './step.ts'

/** Whatever came of it, the listener is asked for its certificates the next time. */
async function noted(groups: Groups, key: ListenerKey, write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } finally {
    groups.web.changed(groups.loadBalancerId, key)
  }
}

export const createExtension =
  (groups: Groups) =>
  ({ key, domain, certificate }: ChangeOf<'createExtension'>, step: Step) =>
    noted(groups, key, () =>
      step.write('CreateDomainExtension', {
        LoadBalancerId: groups.loadBalancerId,
        ListenerPort: portOf(key),
        Domain: domain,
        ServerCertificateId: certificate,
      }),
    )

/** In place: whoever shakes hands in between gets one certificate or the other. */
export const updateExtension =
  (groups: Groups) =>
  ({ key, extension, certificate }: ChangeOf<'updateExtension'>, step: Step) =>
    noted(groups, key, () =>
      step.write('SetDomainExtensionAttribute', { DomainExtensionId: extension.ref, ServerCertificateId: certificate }),
    )

const isGone = (error: unknown) =>
  error instanceof CallError && error.status === 'failed' && /DomainExtension.*(NotFound|NotExist)|DomainExtensionId/.test(error.code)

/** One that is gone already is deleted. The cloud refuses while a rule of the listener has the same domain. */
export const deleteExtension =
  (groups: Groups) =>
  ({ key, extension }: ChangeOf<'deleteExtension'>, step: Step) =>
    noted(groups, key, () =>
      step.write('DeleteDomainExtension', { DomainExtensionId: extension.ref }).catch((error: unknown) => {
        if (!isGone(error)) throw error
      }),
    )
