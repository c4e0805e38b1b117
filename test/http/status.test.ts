import { describe, expect, test } from 'vitest'
import { type AskHealth, cacheHealth } from '../../src/http/status.ts'

const { signal } = new AbortController()

function cached(ask: AskHealth, timeoutMs = 1000) {
  let time = 0
  const health = cacheHealth({ ask, keepMs: 5000, timeoutMs, now: () => time })
  return {
    health: () => health(signal),
    wait: (ms: number) => {
      time += ms
    },
  }
}

describe('the health of backends', () => {
  test('is asked for again only when the answer is old', async () => {
    let asked = 0
    const { health, wait } = cached(async () => [{ loadBalancer: 'a', listener: 'tcp:1', healthy: ++asked, total: 9 }])
    const seen: (number | undefined)[] = []
    for (const ms of [0, 4999, 1, 4999, 1]) {
      wait(ms)
      seen.push((await health())[0]?.healthy)
    }
    expect(seen).toEqual([1, 1, 2, 2, 3])
  })

  test('is one question while an answer is on its way, however long that takes', async () => {
    let asked = 0
    const answer = Promise.withResolvers<[]>()
    const { health, wait } = cached(() => {
      asked += 1
      return answer.promise
    })
    const first = health()
    wait(60_000)
    const second = health()
    answer.resolve([])
    expect([await first, await second, asked]).toEqual([[], [], 1])
  })

  test('is unknown, not an error, when the cloud fails or takes too long', async () => {
    expect(await cached(() => Promise.reject(new Error('outage'))).health()).toEqual([])
    const never: AskHealth = (stop) => new Promise((_, reject) => stop.addEventListener('abort', () => reject(stop.reason)))
    expect(await cached(never, 20).health()).toEqual([])
  })

  test('is not asked again at once after a failure', async () => {
    let asked = 0
    const { health, wait } = cached(async () => {
      asked += 1
      throw new Error('outage')
    })
    await health()
    wait(100)
    await health()
    expect(asked).toBe(1)
  })
})
