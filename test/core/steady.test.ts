import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Service } from '../../src/core/model.ts'
import { STEADY_RULES, type Steady, type SteadyMemory, type SteadyRules, steady } from '../../src/core/steady.ts'
import { service } from '../support/build.ts'

const RULES: SteadyRules = { changes: 3, window: 60_000, every: 30_000 }
const web = (value: string, published = 30000) => service('web', published, { 'slb.port.80': `http://:${value}` })
const api = service('api', 30001, { 'slb.port.80': 'tcp://:9090' })

/** Readings one after another; answers with what counts of the first service after each. */
function history(steps: readonly (readonly [at: number, services: readonly Service[]])[], rules = RULES) {
  let memory: SteadyMemory = new Map()
  return steps.map(([at, services]): Steady & { readonly value: string | undefined } => {
    const result = steady(services, memory, rules, at)
    memory = result.memory
    return { ...result, value: result.services[0]?.labels['slb.port.80']?.slice(8) }
  })
}
const values = (steps: Parameters<typeof history>[0]) => history(steps).map(({ value }) => value)

describe('labels that change', () => {
  test('a few times count at once', () => {
    const steps = [1, 2, 3, 4].map((n) => [n * 1000, [web(String(n))]] as const)
    expect(values(steps)).toEqual(['1', '2', '3', '4'])
    expect(history(steps).flatMap(({ problems }) => problems)).toEqual([])
  })

  test('every second count every 30 s, with a problem that says so, until they have been quiet', () => {
    const flips = Array.from({ length: 100 }, (_, n) => [n * 1000, [web(String(n))]] as const)
    const results = history(flips)
    const counted = new Set(results.map(({ value }) => value))
    // 0 to 3 at once, then one in 30 s.
    expect([...counted]).toEqual(['0', '1', '2', '3', '33', '63', '93'])
    expect(results.at(-1)?.problems).toEqual([
      {
        kind: 'label',
        subject: 'web',
        text: 'its labels changed more than 3 times within 60 s: while that goes on they count only every 30 s',
      },
    ])
    const [quiet, later] = history([...flips, [100_000, [web('99')]], [123_000, [web('99')]], [160_000, [web('99')]]]).slice(-2)
    expect([quiet?.value, quiet?.problems.length]).toEqual(['99', 1])
    expect([later?.value, later?.problems.length]).toEqual(['99', 0])
  })

  test('and are held give one and the same service, for as long as neither they nor it change', () => {
    const flips = Array.from({ length: 5 }, (_, n) => [n * 1000, [web(String(n))]] as const)
    const [last] = [web('4')]
    const [first, second, moved, counted] = history([
      ...flips,
      [5000, [last]],
      [6000, [last]],
      [7000, [web('4', 30001)]],
      [33_000, [last]],
    ]).slice(-4)
    expect(first?.value).toBe('3')
    expect(second?.services[0]).toBe(first?.services[0])
    expect(moved?.services[0]?.ports).toEqual(web('4', 30001).ports)
    expect(counted?.services[0]).toBe(last)
  })

  test('say when to look again', () => {
    const flips = Array.from({ length: 5 }, (_, n) => [n * 1000, [web(String(n))]] as const)
    expect(history(flips).at(-1)).toMatchObject({ value: '3', recheckAt: 3000 + 30_000 })
    expect(history([...flips, [33_000, [web('4')]]]).at(-1)).toMatchObject({ value: '4', recheckAt: 1000 + 60_000 })
    expect(history([...flips, [33_000, [web('4')]], [61_000, [web('4')]]]).at(-1)).toMatchObject({ problems: [], recheckAt: undefined })
  })

  test('are counted although the service is removed and created in between', () => {
    const flips = Array.from({ length: 20 }, (_, n) => [n * 1000, n % 2 === 0 ? [web(String(n))] : []] as const)
    expect(history(flips).findLast(({ services }) => services.length > 0)?.problems).toHaveLength(1)
  })

  test('hold nobody else, and no port', () => {
    const flips = Array.from({ length: 20 }, (_, n) => [n * 1000, [web(String(n), 30000 + n), api]] as const)
    const last = history(flips).at(-1)
    expect(last?.services[1]).toBe(api)
    expect(last?.services[0]?.ports).toEqual(web('19', 30019).ports)
    expect(last?.value).toBe('3')
  })
})

test('whatever happens, labels count no more often than the rules say, and what counts was once there', () => {
  const step = fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.constantFrom('1', '2', '3'))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const times = steps.map((_, n) => steps.slice(0, n + 1).reduce((sum, [ms]) => sum + ms, 0))
      const results = history(steps.map(([, value], n) => [times[n] ?? 0, [web(value)]] as const))
      const changes = times.filter((_, n) => n > 0 && results[n]?.value !== results[n - 1]?.value)
      for (const from of changes) {
        const within = changes.filter((time) => time >= from && time < from + RULES.window).length
        expect(within).toBeLessThanOrEqual(RULES.changes + 1 + RULES.window / RULES.every)
      }
    }),
  )
})

test('two thousand services that do not change cost next to nothing', () => {
  const services = Array.from({ length: 2000 }, (_, n) => service(`s${n}`, 30000, { 'slb.port.80': `http://:${n}`, more: 'x'.repeat(200) }))
  const { memory } = steady(services, new Map(), STEADY_RULES, 0)
  const begun = process.cpuUsage().user
  for (let n = 0; n < 10; n += 1) steady(services, memory, STEADY_RULES, n)
  expect((process.cpuUsage().user - begun) / 10_000).toBeLessThan(50)
})
