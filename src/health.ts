// Health for people, asked on demand: how many backends of each of our listeners the cloud finds normal.
import type { ListenerHealth } from './http/status.ts'
import type { Known } from './page.ts'

/** One call a load balancer that holds listeners of ours; one that fails is left out. */
export function askHealth(known: () => ReadonlyMap<string, Known>): (signal: AbortSignal) => Promise<readonly ListenerHealth[]> {
  return async (signal) => {
    const looks = [...known().values()].flatMap(({ look }) => (look === undefined || look.diff.owned + look.diff.alive === 0 ? [] : [look]))
    const answers = await Promise.allSettled(
      looks.map(async ({ handle, lb, diff }) => {
        const rows = await handle.health(signal)
        return diff.verdicts.map((verdict): ListenerHealth => {
          const mine = rows.filter((row) => row.listener === verdict.key)
          const healthy = mine.filter((row) => row.state === 'normal').length
          return { loadBalancer: lb.name, listener: verdict.listener, healthy, total: mine.length }
        })
      }),
    )
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  }
}
