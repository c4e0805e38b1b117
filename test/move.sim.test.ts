// A move as people drive it, with a daemon that does it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { moveOnce } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import type { MoveStep } from '../src/move.ts'
import { silent } from './support/board.ts'
import { type Stand, startStand, swarmService, until } from './support/stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand({
    state: {
      loadBalancers: [
        { id: 'lb-1', name: 'old', address: '127.0.0.1' },
        { id: 'lb-2', name: 'new', address: '127.0.0.2' },
      ],
    },
    env: { SLB_ALLOW: 'lb-2', SLB_RESYNC_INTERVAL: '1s' },
  })
  stand.services([swarmService('web', 30000, { 'slb.port.80': 'tcp://:80' })])
})
afterEach(() => stand.close())

const config = (env: Readonly<Record<string, string>> = {}) => readConfig({ env: { ...stand.env, ...env }, flags: {} })
const move = (
  step: MoveStep,
  options: { readonly yes?: boolean; readonly env?: Record<string, string>; readonly from?: string; readonly to?: string } = {},
) => {
  const { yes = false, env, from = 'old', to = 'new' } = options
  return moveOnce(config(env), silent, { from, to, step, dryRun: !yes }, AbortSignal.timeout(10_000))
}
const lb = (index: number) => {
  const found = stand.simulator.state.loadBalancers[index]
  if (found === undefined) throw new Error('no such load balancer')
  return found
}
const ports = () =>
  [0, 1]
    .map((index) =>
      lb(index)
        .listeners.flatMap(({ port, status }) => (status === 'running' ? [port] : []))
        .join(),
    )
    .join(' | ')
const tag = () => lb(0).tags.find(({ key }) => key === 'swarm-slb:move')?.value
const is = (text: string) => until(text, () => ports() === text)
const writes = () => stand.simulator.requests.counts().writes

describe('a move', () => {
  test('goes step by step, each shown before it is done', async () => {
    stand.start()
    await is('80 | ')
    expect(await move('begin')).toEqual({ lines: ['tcp:80 of web 80/tcp'], failed: [], done: false })
    expect(tag()).toBeUndefined()
    expect(await move('begin', { yes: true })).toMatchObject({ failed: [], done: true })
    expect(tag()).toBe('lb-2')
    await is('80 | 80')
    expect(await move('withdraw', { yes: true })).toMatchObject({ failed: [], done: true })
    await is(' | 80')
    await stand.stop()
    expect(await move('cancel')).toMatchObject({ lines: ['moving to lb-2: listeners go when theirs there are up'], done: false })
    expect(await move('cancel', { yes: true, env: { SLB_ID: 'lb-2,lb-1' } })).toMatchObject({ done: true })
    expect(tag()).toBeUndefined()
  })

  test('is not withdrawn while something is missing or stopped there', async () => {
    stand.start()
    await is('80 | ')
    await stand.stop()
    await move('begin', { yes: true })
    expect(await move('withdraw', { yes: true })).toMatchObject({ failed: ['tcp:80 is not there yet'], done: false })
    stand.start()
    await is('80 | 80')
    await stand.stop()
    const [listener] = lb(1).listeners
    if (listener !== undefined) listener.status = 'stopped'
    expect(await move('withdraw', { yes: true })).toMatchObject({ failed: ['tcp:80 does not run there'], done: false })
    expect(tag()).toBe('lb-2')
  })
})

test.each<[what: string, step: MoveStep, options: Parameters<typeof move>[1], text: string]>([
  ['a load balancer that is not allowed', 'begin', { env: { SLB_ALLOW: 'lb-1' } }, 'load balancer new is not in SLB_ID or SLB_ALLOW'],
  ['itself', 'begin', { to: 'lb-1' }, 'both names lead to one load balancer'],
  ['a withdrawal of what never began', 'withdraw', {}, 'no move from old to new is on: begin it without --withdraw'],
  ['the end of what never began', 'cancel', {}, 'no move from old is on'],
])('%s is refused, and nothing is written', async (_, step, options, text) => {
  const before = writes()
  expect(await move(step, { ...options, yes: true })).toEqual({ lines: [], failed: [text], done: false })
  expect(writes()).toBe(before)
})

test('what is in the way there is told before anything begins', async () => {
  stand.start()
  await is('80 | ')
  await stand.stop()
  lb(1).status = 'locked'
  expect((await move('begin', { yes: true })).failed).toEqual(['load balancer lb-2 is locked'])
  lb(1).status = 'active'
  expect((await move('begin', { yes: true, env: { SLB_QUOTAS: 'listeners=0' } })).failed).toEqual([
    'new would have 1 listeners, and takes 0 (SLB_QUOTAS)',
  ])
  expect(tag()).toBeUndefined()
})
