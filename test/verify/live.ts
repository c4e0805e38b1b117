// A load balancer for one test file, as the environment says: of a real account with LIVE=1, else of a simulator.
import { expect } from 'vitest'
import { openAccount } from '../../scripts/verify/account.ts'
import { clear, type Ground, prepare } from '../../scripts/verify/ground.ts'
import type { ClbOptions } from '../../src/providers/aliyun/clb/provider.ts'

/** A real cloud shows writes a moment later. */
const SETTLE_MS = 1_000

export type LiveGround = Ground & {
  readonly settleMs: number
  /** Removes what the marks name; fails the test where something stays. */
  clear(): Promise<void>
  close(): Promise<void>
}

export async function openGround(clb: Partial<ClbOptions> = {}): Promise<LiveGround> {
  const account = await openAccount({ env: process.env, clb })
  const ground = await prepare(account).catch(async (error: unknown) => {
    await account.close()
    throw error
  })
  const clearAll = async () => expect(await clear(ground), 'what could not be removed').toEqual([])
  return {
    ...ground,
    settleMs: account.live ? SETTLE_MS : 0,
    clear: clearAll,
    async close() {
      try {
        await clearAll()
      } finally {
        await account.close()
      }
    },
  }
}
