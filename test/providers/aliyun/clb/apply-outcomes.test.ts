import { describe, expect, test } from 'vitest'
import type { Change } from '../../../../src/core/model.ts'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import type { Turn } from '../../../../src/providers/provider.ts'
import { HTTP, MARK, openWith, own, place, WORLD } from './opened.ts'
import { type Answers, failureOf, groupRow, how, member, members, no, signal, turn } from './support.ts'

describe('a group that a plan creates', () => {
  test('is known by its mark to the changes behind it', async () => {
    const { handle, written } = await openWith({})
    await handle.apply({ kind: 'createGroup', name: 'new', members: [] }, turn)
    await handle.apply({ kind: 'createListener', listener: { ...HTTP, target: { kind: 'group', group: 'new' } } }, turn)
    expect(written()[1]).toMatchObject(['CreateLoadBalancerHTTPListener', { VServerGroupId: 'rsp-new' }])
  })

  test('takes the first twenty members with it and the others in batches', async () => {
    const { handle, calls } = await openWith({})
    await handle.apply({ kind: 'createGroup', name: 'new', members: members(45) }, turn)
    expect(calls().map(({ action }) => action)).toEqual([
      'CreateVServerGroup',
      'AddVServerGroupBackendServers',
      'AddVServerGroupBackendServers',
    ])
  })

  test('is created empty where one of its first members is refused, and the others follow', async () => {
    const refuse = ({ BackendServers }: Params) => {
      if (String(BackendServers).includes('"i-2"')) no('InvalidServerId.NotExist')()
      return { VServerGroupId: 'rsp-new' }
    }
    const { handle, written } = await openWith({ CreateVServerGroup: refuse, AddVServerGroupBackendServers: refuse })
    const error = await failureOf(handle.apply({ kind: 'createGroup', name: 'new', members: members(3) }, turn))
    expect(error).toMatchObject({ status: 'failed', servers: ['i-2'] })
    expect(written()[1]).toEqual(['CreateVServerGroup', { LoadBalancerId: 'lb-1', VServerGroupName: 'new' }])
  })

  test('that nobody knows fails before anything is sent', async () => {
    const { handle, calls } = await openWith({})
    const listener = { ...HTTP, target: { kind: 'group', group: 'nobody' } } as const
    expect(await failureOf(handle.apply({ kind: 'replaceListener', was: 'http', listener }, turn))).toMatchObject({ code: 'UnknownGroup' })
    expect(calls()).toEqual([])
  })
})

describe('what is gone already is deleted', () => {
  test.each([
    no('ResourceNotFound.Listener', 'The specified listener is not found.'),
    no('InvalidParameter', 'The specified resource does not exist.'),
    no('ListenerNotFound'),
  ])('a listener, %#', async (gone) => {
    const { handle } = await openWith({ DeleteLoadBalancerListener: gone })
    await expect(handle.apply({ kind: 'deleteListener', ...place }, turn)).resolves.toEqual([])
  })

  test('a group', async () => {
    const { handle } = await openWith({ DeleteVServerGroup: no('InvalidParameter', 'The specified VServerGroupId does not exist.') })
    await expect(handle.apply({ kind: 'deleteGroup', ...own }, turn)).resolves.toEqual([])
  })

  test('but another refusal is a failure', async () => {
    const { handle } = await openWith({ DeleteLoadBalancerListener: no('ListenerForwardExist') })
    expect(await failureOf(handle.apply({ kind: 'deleteListener', ...place }, turn))).toMatchObject({ code: 'ListenerForwardExist' })
  })
})

describe('right after a delete', () => {
  test('a group that the cloud still holds is asked for again', async () => {
    const held = (_: Params, nth: number) => (nth < 3 ? no('RspoolVipExist')() : {})
    const { handle, cloud } = await openWith({ DeleteVServerGroup: held })
    await handle.apply({ kind: 'deleteGroup', ...own }, turn)
    expect(cloud.count('DeleteVServerGroup')).toBe(3)
  })

  test('but not for ever', async () => {
    const { handle, cloud } = await openWith({ DeleteVServerGroup: no('RspoolVipExist') })
    expect(await failureOf(handle.apply({ kind: 'deleteGroup', ...own }, turn))).toMatchObject({ code: 'RspoolVipExist' })
    expect(cloud.count('DeleteVServerGroup')).toBe(3)
  })

  test('a replacement insists on its port', async () => {
    const taken = (_: Params, nth: number) => (nth < 2 ? no('ListenerAlreadyExists')() : {})
    const { handle, calls } = await openWith({ CreateLoadBalancerHTTPListener: taken })
    await handle.apply({ kind: 'replaceListener', was: 'http', listener: HTTP }, turn)
    expect(calls().at(-1)?.action).toBe('StartLoadBalancerListener')
  })

  test('but a plain create does not: the next reading says what is there', async () => {
    const { handle, calls } = await openWith({ CreateLoadBalancerHTTPListener: no('ListenerAlreadyExists') })
    expect(await failureOf(handle.apply({ kind: 'createListener', listener: HTTP }, turn))).toMatchObject({ code: 'ListenerAlreadyExists' })
    expect(calls()).toHaveLength(1)
  })
})

describe('turns', () => {
  test('the first call of a change waits on the begin, later ones on the wait and before others', async () => {
    const { handle, calls } = await openWith({})
    const mine: Turn = { begin: new AbortController().signal, wait: new AbortController().signal, priority: 3 }
    await handle.apply({ kind: 'createListener', listener: HTTP }, mine)
    const [create, start] = calls().map(({ call }) => call)
    expect(create).toMatchObject({ kind: 'write', priority: 3, share: 'lb-1' })
    expect([create?.signal === mine.begin, start?.signal === mine.wait]).toEqual([true, true])
    expect(start?.priority).toBeGreaterThan(3)
  })

  test('nothing begins once the time is over', async () => {
    const { handle, calls } = await openWith({})
    const late = { ...turn, begin: AbortSignal.abort() }
    expect(await failureOf(handle.apply({ kind: 'createListener', listener: HTTP }, late))).toMatchObject({ status: 'pending' })
    expect(calls()).toEqual([])
  })

  test('what has begun goes on after that', async () => {
    const stop = new AbortController()
    const { handle, calls } = await openWith({
      CreateLoadBalancerHTTPListener: () => {
        stop.abort()
        return {}
      },
    })
    await handle.apply({ kind: 'createListener', listener: HTTP }, { ...turn, begin: stop.signal })
    expect(calls().map(({ action }) => action)).toEqual(['CreateLoadBalancerHTTPListener', 'StartLoadBalancerListener'])
  })

  test('insisting ends with the wait', async () => {
    const stop = new AbortController()
    const held = () => {
      stop.abort()
      return no('RspoolVipExist')()
    }
    const { handle } = await openWith({ DeleteVServerGroup: held })
    expect(await failureOf(handle.apply({ kind: 'deleteGroup', ...own }, { ...turn, wait: stop.signal }))).toMatchObject({
      status: 'pending',
    })
  })
})

describe('members after our own writes', () => {
  /** Applies a change and reads again, when the cloud lists the group with so many servers. */
  const reopened = async (change: Change, listed: ReturnType<typeof groupRow>, answers: Answers = {}) => {
    let groups = WORLD.groups ?? []
    const { provider, handle, cloud } = await openWith({
      DescribeVServerGroups: () => ({ VServerGroups: { VServerGroup: groups } }),
      ...answers,
    })
    await handle.apply(change, turn).catch(() => {})
    groups = [...(WORLD.groups ?? []).slice(0, listed['VServerGroupId'] === 'rsp-1' ? 0 : 1), listed]
    const before = cloud.count('DescribeVServerGroupAttribute')
    const again = await provider.open('lb-1', how(), signal)
    return { reads: cloud.count('DescribeVServerGroupAttribute') - before, members: again.actual.groups.at(-1)?.members }
  }
  const drain: Change = { kind: 'setWeights', ...own, members: [member('i-1', 30000, 0)], was: [] }

  test('are known without another call', async () => {
    const change: Change = { kind: 'addBackends', ...own, members: [member('i-3')] }
    expect(await reopened(change, groupRow('rsp-1', MARK, 3))).toEqual({ reads: 0, members: members(3) })
  })

  test('have the weights that were set', async () => {
    expect(await reopened(drain, groupRow('rsp-1', MARK, 2))).toEqual({ reads: 0, members: [member('i-1', 30000, 0), member('i-2')] })
  })

  test('are known of a group that was created, batch by batch', async () => {
    const change: Change = { kind: 'createGroup', name: 'swarm-slb/me/new', members: members(25) }
    expect(await reopened(change, groupRow('rsp-new', 'swarm-slb/me/new', 25))).toEqual({ reads: 0, members: members(25) })
  })

  test('are read again after an error', async () => {
    const refused = { SetVServerGroupAttribute: no('InternalError', 'broken', 'unknown') }
    expect(await reopened(drain, groupRow('rsp-1', MARK, 2), refused)).toEqual({ reads: 1, members: members(2) })
  })

  test('stay known where nothing was sent', async () => {
    const pending = { SetVServerGroupAttribute: no('NotLeader', 'not certain', 'pending') }
    expect(await reopened(drain, groupRow('rsp-1', MARK, 2), pending)).toEqual({ reads: 0, members: members(2) })
  })

  test('are read again where the cloud counts another number', async () => {
    const change: Change = { kind: 'addBackends', ...own, members: [member('i-3')] }
    expect(await reopened(change, groupRow('rsp-1', MARK, 7))).toEqual({ reads: 1, members: members(2) })
  })
})
