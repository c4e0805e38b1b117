// What the load balancers of a region share, behind the provider boundary. Its calls share the account's rates with all others; no
// load balancer is locked by them, so they do not wait for its limiter.
import type { ReadPem, RegionHandle, RegionOptions } from '../../provider.ts'
import type { Rpc } from '../rpc.ts'
import { applyRegionChange } from './apply-region.ts'
import { readRegion } from './read-region.ts'
import { createStep } from './step.ts'

const SHARE = 'region'

type Context = { readonly rpc: Rpc; readonly insistMs: readonly number[]; readonly readPem: ReadPem | undefined }

export async function openRegion({ rpc, insistMs, readPem }: Context, how: RegionOptions, signal: AbortSignal): Promise<RegionHandle> {
  const actual = await readRegion((action, params) => rpc(action, params, { kind: 'read', signal, share: SHARE }), how)
  return {
    actual,
    async apply(change, turn) {
      const step = createStep({ rpc, limiter: undefined, share: SHARE, turn, insistMs })
      const id = await applyRegionChange(change, { step, tag: how.tag, readPem })
      return { id, requestIds: step.requestIds }
    },
  }
}
