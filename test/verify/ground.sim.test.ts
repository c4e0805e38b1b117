// What keeps a load balancer safe from a run, and what a run leaves.
import { describe, expect, test } from 'vitest'
import { openAccount } from '../../scripts/verify/account.ts'
import { FACTS } from '../../scripts/verify/facts.ts'
import { clear, mark, prepare } from '../../scripts/verify/ground.ts'
import { verify } from '../../scripts/verify/run.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { LoadBalancer } from '../../src/simulator/world.ts'

const BATCH = FACTS.filter(({ settings }) => settings.includes('quotas.backendBatch'))

async function opened() {
  const account = await openAccount({ env: {} })
  const simulator = account.simulator as Simulator
  const loadBalancer = simulator.state.loadBalancers[0] as LoadBalancer
  return { account, simulator, loadBalancer, [Symbol.asyncDispose]: account.close }
}

const create = (account: Awaited<ReturnType<typeof openAccount>>, port: number, Description: string) =>
  account.call('CreateLoadBalancerTCPListener', {
    ...{ LoadBalancerId: 'lb-verify', ListenerPort: port, Bandwidth: -1, BackendServerPort: 1, Description },
  })

describe('a load balancer is left alone', () => {
  test.each<[string, (loadBalancer: LoadBalancer) => void]>([
    ['it has no tag swarm-slb:verify', (lb) => lb.tags.splice(0)],
    ['its tag swarm-slb:prod says that it is in use', (lb) => lb.tags.push({ key: 'swarm-slb:prod', value: 'c1' })],
    ['its tag kubernetes.do.not.delete', (lb) => lb.tags.push({ key: 'kubernetes.do.not.delete', value: '' })],
    ['it is locked', (lb) => Object.assign(lb, { status: 'locked' })],
    [
      'its default server group has i-verify1',
      (lb) => lb.backendServers.push({ serverId: 'i-verify1', port: 0, weight: 100, type: 'ecs', description: '' }),
    ],
  ])('when %s', async (why, change) => {
    await using its = await opened()
    change(its.loadBalancer)
    await expect(prepare(its.account)).rejects.toThrow(why)
    expect(its.account.sent.every(({ kind }) => kind === 'read')).toBe(true)
  })

  test('when it has a listener or a group that was not made here', async () => {
    await using its = await opened()
    await create(its.account, 80, 'theirs')
    await its.account.call('CreateVServerGroup', { LoadBalancerId: 'lb-verify', VServerGroupName: 'theirs' })
    await expect(prepare(its.account)).rejects.toThrow(/a listener tcp 80 that was not made here; it has a server group rsp-/)
    expect(its.loadBalancer).toMatchObject({ listeners: [{ port: 80 }], groups: [{ name: 'theirs' }] })
  })

  test('when there are no two running servers in its VPC', async () => {
    await using its = await opened()
    for (const instance of its.simulator.state.instances.slice(1)) instance.status = 'Stopped'
    await expect(prepare(its.account)).rejects.toThrow('two running instances are needed in vpc-')
  })
})

describe('what a run made goes', () => {
  test('when the run before was killed', async () => {
    await using its = await opened()
    await create(its.account, 80, mark('x'))
    await its.account.call('CreateVServerGroup', { LoadBalancerId: 'lb-verify', VServerGroupName: mark('x') })
    await its.account.call('CreateAccessControlList', { AclName: 'swarm-slb-verify' })
    await its.account.call('CreateAccessControlList', { AclName: 'theirs' })
    await prepare(its.account)
    expect(its.loadBalancer).toMatchObject({ listeners: [], groups: [] })
    expect(its.simulator.state.acls.map(({ name }) => name)).toEqual(['theirs'])
  })

  test('when it is interrupted, and when a call is lost: that question stays open', async () => {
    await using its = await opened()
    its.simulator.faults.add({ action: 'AddVServerGroupBackendServers', as: 'html' })
    const stop = new AbortController()
    const onLine = (line: string) => line.includes('Servers that one call takes') && stop.abort(new Error('interrupted'))
    const { found, failure, left } = await verify(its.account, stop.signal, onLine, [...BATCH, ...BATCH])
    expect(found).toMatchObject([{ decided: false, seen: expect.stringContaining('AddVServerGroupBackendServers') }])
    expect(failure).toEqual(new Error('interrupted'))
    expect(left).toEqual([])
    expect(its.loadBalancer.groups).toEqual([])
  })

  test('or is named, with the reason', async () => {
    await using its = await opened()
    const ground = await prepare(its.account)
    await create(its.account, 80, mark('x'))
    its.simulator.settings.denied = ['DeleteLoadBalancerListener']
    expect(await clear(ground)).toEqual([expect.stringMatching(/^listener tcp 80 \(Forbidden\.RAM /)])
  })
})
