// Carrying out a plan: what runs side by side, what waits, and what a failure takes with it.
import { describe, expect, test } from 'vitest'
import { type ApplyHooks, applyPlan, inOrder } from '../src/apply.ts'
import { describeChange } from '../src/core/describe.ts'
import { type Chain, type Change, DEFAULT_GROUP, type LoadBalancer, type Member } from '../src/core/model.ts'
import { CallError, type Handle, ServersRefused, type Turn } from '../src/providers/provider.ts'
import { balancer, markOf, member } from './support/build.ts'
import { callError } from './support/memory-provider.ts'

const NEVER = new AbortController().signal
const TURN: Turn = { begin: NEVER, wait: NEVER, priority: 0 }

/** A change that is known by its port. */
const stop = (port: number): Change => ({ kind: 'stopListener', key: `tcp:${port}`, protocol: 'tcp', note: '' })
const portOf = (change: Change) => ('key' in change ? Number(change.key.slice(4)) : 0)

const chain = (id: string, ports: readonly number[], after: readonly string[] = []): Chain => ({
  id,
  service: id,
  after,
  changes: ports.map(stop),
})

type Script = (port: number, turn: Turn) => Promise<void> | void

/** A handle that writes down what begins and what ends. */
function scripted(script: Script = () => {}) {
  const log: string[] = []
  const handle: Handle = {
    actual: balancer(),
    health: async () => [],
    async apply(change, turn) {
      const port = portOf(change)
      log.push(`begin ${port}`)
      await script(port, turn)
      log.push(`end ${port}`)
      return [`req-${port}`]
    },
  }
  return { handle, log }
}

function hooks(): ApplyHooks & { readonly seen: string[] } {
  const seen: string[] = []
  return {
    seen,
    begins: (change) => void seen.push(`begins ${portOf(change)}`),
    applied: ({ change, requestIds }) => void seen.push(`applied ${portOf(change)} ${requestIds.join()}`),
    failed: ({ change, error }) => void seen.push(`failed ${portOf(change)} ${error.message}`),
    now: () => 0,
  }
}

const fails =
  (port: number, error: unknown): Script =>
  (at) => {
    if (at === port) throw error
  }

describe('order', () => {
  test('the changes of one chain follow one another', async () => {
    const { handle, log } = scripted(() => new Promise((resolve) => setImmediate(resolve)))
    await applyPlan([chain('a', [1, 2, 3])], handle, () => TURN, hooks())
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3'])
  })

  test('chains run side by side: a slow one holds nobody up', async () => {
    const slow = Promise.withResolvers<void>()
    const { handle, log } = scripted((port) => (port === 1 ? slow.promise : undefined))
    const work = applyPlan([chain('slow', [1]), chain('quick', [2, 3])], handle, () => TURN, hooks())
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toEqual(['begin 1', 'begin 2', 'end 2', 'begin 3', 'end 3'])
    slow.resolve()
    expect((await work).applied).toHaveLength(3)
  })

  test('a chain waits for those it names, wherever they stand in the plan', async () => {
    const { handle, log } = scripted(() => new Promise((resolve) => setImmediate(resolve)))
    await applyPlan([chain('listener', [2], ['group']), chain('group', [1])], handle, () => TURN, hooks())
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2'])
  })

  test('a chain that names one which the plan does not have waits for nothing', async () => {
    const { handle } = scripted()
    const result = await applyPlan([chain('listener', [1], ['tag', 'default group'])], handle, () => TURN, hooks())
    expect(result).toMatchObject({ failed: [], pending: 0 })
    expect(result.applied).toHaveLength(1)
  })

  test('otherwise the order of the plan is kept', () => {
    const plan = [chain('c', [3], ['b']), chain('a', [1]), chain('b', [2], ['a'])]
    expect(inOrder(plan).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    expect(inOrder([chain('x', [1]), chain('y', [2])]).map(({ id }) => id)).toEqual(['x', 'y'])
  })

  test('the turn of a chain is asked for when it begins, not before it waits', async () => {
    const gate = Promise.withResolvers<void>()
    const asked: string[] = []
    const { handle } = scripted((port) => (port === 1 ? gate.promise : undefined))
    const turnOf = ({ id }: Chain) => {
      asked.push(id)
      return TURN
    }
    const work = applyPlan([chain('first', [1]), chain('then', [2], ['first'])], handle, turnOf, hooks())
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked).toEqual(['first'])
    gate.resolve()
    await work
    expect(asked).toEqual(['first', 'then'])
  })
})

describe('a failure', () => {
  test('ends its own chain, and the others go on', async () => {
    const { handle, log } = scripted(fails(1, callError('failed')))
    const result = await applyPlan([chain('a', [1, 2]), chain('b', [3, 4])], handle, () => TURN, hooks())
    expect(log).toEqual(['begin 1', 'begin 3', 'end 3', 'begin 4', 'end 4'])
    expect(result.failed.map(({ change }) => describeChange(change))).toEqual(['stop listener tcp:1, note -> ""'])
    expect(result).toMatchObject({ unknown: false, pending: 0 })
  })

  test('holds back the chains that wait for it, and those that wait for them', async () => {
    const { handle, log } = scripted(fails(1, callError('failed')))
    const plan = [chain('group', [1]), chain('listener', [2, 3], ['group']), chain('old group', [4], ['listener']), chain('other', [5])]
    const result = await applyPlan(plan, handle, () => TURN, hooks())
    expect(log).toEqual(['begin 1', 'begin 5', 'end 5'])
    expect(result.pending).toBe(3)
    expect(result.failed).toHaveLength(1)
  })

  test.each([
    { status: 'failed', failed: 1, pending: 0, unknown: false },
    { status: 'refused', failed: 1, pending: 0, unknown: false },
    { status: 'unknown', failed: 1, pending: 0, unknown: true },
    { status: 'pending', failed: 0, pending: 2, unknown: false },
  ] as const)('counts a call that ended $status', async ({ status, failed, pending, unknown }) => {
    const { handle } = scripted(fails(1, callError(status)))
    const result = await applyPlan([chain('a', [1, 2])], handle, () => TURN, hooks())
    expect({ ...result, failed: result.failed.length }).toMatchObject({ failed, pending, unknown, applied: [] })
  })

  test('that nobody foresaw is one of its chain, not of the pass', async () => {
    const { handle } = scripted(fails(1, 'a plain word'))
    const result = await applyPlan([chain('a', [1]), chain('b', [2])], handle, () => TURN, hooks())
    expect(result.failed.map(({ error }) => error.message)).toEqual(['a plain word'])
    expect(result.applied).toHaveLength(1)
  })
})

describe('servers that the cloud refuses', () => {
  const [good, bad] = [member('i-1'), member('i-2')]
  const add = (members: readonly Member[]): Change => ({ kind: 'addBackends', group: DEFAULT_GROUP, name: 'default group', members })
  const weigh = (members: readonly Member[], was: readonly Member[]): Change => ({
    kind: 'setWeights',
    group: DEFAULT_GROUP,
    name: 'default group',
    members,
    was,
  })
  const remove: Change = { kind: 'removeBackends', group: DEFAULT_GROUP, name: 'default group', members: [member('i-9')] }
  const link = (id: string, changes: readonly Change[], after: readonly string[] = []): Chain => ({ id, service: id, after, changes })

  const refused = () => new ServersRefused(['i-2'], callError('failed', 'ObtainIpFail'))

  async function apply(plan: readonly Chain[], lb: Partial<LoadBalancer> = {}, error: Error = refused()) {
    const done: string[] = []
    const handle: Handle = {
      actual: balancer(lb),
      health: async () => [],
      async apply(change) {
        if ('members' in change && change.members.includes(bad)) throw error
        done.push(describeChange(change))
        return []
      },
    }
    return { done, result: await applyPlan(plan, handle, () => TURN, hooks()) }
  }

  test('do not keep the others from serving a listener', async () => {
    const { done, result } = await apply([link('group', [add([good, bad])]), link('listener', [stop(1)], ['group'])])
    expect(done).toEqual(['stop listener tcp:1, note -> ""'])
    expect(result).toMatchObject({ pending: 0 })
    expect(result.failed).toHaveLength(1)
  })

  test('let nothing be lowered or removed that they were to replace; what raises goes on', async () => {
    const members = [member('i-3', { weight: 0 }), member('i-4')]
    const changes = [add([bad]), weigh(members, [member('i-3'), member('i-4', { weight: 0 })]), remove]
    const { done, result } = await apply([link('group', changes)], {
      members: [member('i-3'), member('i-4', { weight: 0 }), member('i-9')],
    })
    expect(done).toEqual(['set weight of i-4 to 100 (was 0) in default group'])
    expect(result.pending).toBe(2)
  })

  describe('for want of room', () => {
    const full = new CallError({ status: 'failed', action: 'Test', code: 'Full', message: 'as told', quota: 'backends' })
    const plan = [
      link('group', [add([good, bad]), weigh([member('i-4', { weight: 0 })], [member('i-4')]), remove]),
      link('listener', [stop(1)], ['group']),
    ]

    test('hold up nothing of a group that serves without them', async () => {
      const { done, result } = await apply(plan, { members: [member('i-9'), member('i-4')] }, full)
      expect(done).toEqual([
        'set weight of i-4 to 0 (was 100) in default group',
        expect.stringMatching(/^remove/),
        'stop listener tcp:1, note -> ""',
      ])
      expect(result).toMatchObject({ pending: 0, failed: [{ error: full }] })
    })

    test('hold up a listener on a group that is empty', async () => {
      const { done, result } = await apply(plan, {}, full)
      expect(done).toEqual([])
      expect(result).toMatchObject({ pending: 1 })
    })
  })

  test.each<[string, Change, Partial<LoadBalancer>]>([
    ['a new group', { kind: 'createGroup', name: markOf('web'), members: [bad] }, {}],
    ['an empty one', add([bad]), {}],
    ['one whose servers are all at 0', add([bad]), { members: [member('i-1', { weight: 0 })] }],
    ['a group that could only take one at 0', add([bad, member('i-3', { weight: 0 })]), {}],
  ])('were all there is for %s: nothing is sent there', async (_, change, lb) => {
    const { done, result } = await apply([link('group', [change, remove]), link('listener', [stop(1)], ['group'])], lb)
    expect(done).toEqual([])
    expect(result.pending).toBe(1)
  })

  test('are no loss to a group that serves already', async () => {
    const { done } = await apply([link('group', [add([bad])]), link('listener', [stop(1)], ['group'])], { members: [good] })
    expect(done).toHaveLength(1)
  })
})

describe('the end of a box', () => {
  test('begins no change any more, lets the one that runs finish, and calls the rest pending', async () => {
    const box = new AbortController()
    const gate = Promise.withResolvers<void>()
    const { handle, log } = scripted((port) => (port === 1 ? gate.promise : undefined))
    const turn: Turn = { begin: box.signal, wait: NEVER, priority: 0 }
    const work = applyPlan([chain('a', [1, 2]), chain('b', [3], ['a'])], handle, () => turn, hooks())
    await new Promise((resolve) => setImmediate(resolve))
    box.abort()
    gate.resolve()
    const result = await work
    expect(log).toEqual(['begin 1', 'end 1'])
    expect(result.applied).toHaveLength(1)
    expect(result.pending).toBe(2)
    expect(result.failed).toEqual([])
  })

  test('before anything began leaves everything pending', async () => {
    const { handle, log } = scripted()
    const turn: Turn = { begin: AbortSignal.abort(), wait: NEVER, priority: 0 }
    expect(await applyPlan([chain('a', [1, 2])], handle, () => turn, hooks())).toMatchObject({ applied: [], pending: 2 })
    expect(log).toEqual([])
  })
})

test('what happens is told while it happens: begun, then applied or failed, with request ids', async () => {
  const { handle } = scripted(fails(2, new CallError({ status: 'failed', action: 'Stop', code: 'No', message: 'no' })))
  const told = hooks()
  await applyPlan([chain('a', [1, 2, 3])], handle, () => TURN, told)
  expect(told.seen).toEqual(['begins 1', 'applied 1 req-1', 'begins 2', 'failed 2 Stop: No: no'])
})
