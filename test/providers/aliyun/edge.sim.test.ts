// The whole edge over real HTTP: the role's session from the metadata service, signed calls, and the lookup of instances.
import { afterEach, describe, expect, test } from 'vitest'
import { createCredentials } from '../../../src/providers/aliyun/credentials.ts'
import { createInstances } from '../../../src/providers/aliyun/instances.ts'
import { createMetadata } from '../../../src/providers/aliyun/metadata.ts'
import type { RpcEvent } from '../../../src/providers/aliyun/rpc.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../../src/simulator/simulator.ts'
import { failureOf, reading, testRpc, writing } from './support.ts'

const never = new AbortController().signal
const undo: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one()
})

async function edge(settings: SimulatorOptions['settings'] = {}) {
  const state = { loadBalancers: [{ id: 'lb-1', name: 'one' }], instances: [1, 2].map((n) => ({ id: `i-${n}`, privateIp: `10.0.0.${n}` })) }
  const simulator: Simulator = await startSimulator({ state, settings })
  undo.push(() => simulator.close())
  const metadata = createMetadata({ endpoint: simulator.metadataUrl })
  const credentials = createCredentials({ kind: 'instanceRole', metadata })
  const events: RpcEvent[] = []
  const shared = {
    regionId: await metadata.regionId(never),
    credentials: credentials.get,
    dropCredentials: credentials.invalidate,
    observe: (event: RpcEvent) => void events.push(event),
  }
  const slb = testRpc(simulator.apiUrl, shared)
  const ecs = testRpc(simulator.apiUrl, { ...shared, product: 'ecs', apiVersion: '2014-05-26' })
  undo.push(slb.close, ecs.close)
  const vpcId = () => metadata.vpcId(never)
  return { simulator, slb, events, instances: createInstances({ rpc: ecs, vpcId, missMs: 0, probeMs: 0 }) }
}

const group = { LoadBalancerId: 'lb-1', VServerGroupName: "a b*c'(d)!~" }
const nodes = [1, 2, 3].map((n) => ({ id: `n${n}`, address: `10.0.0.${n}` }))

describe('with the role of the instance', () => {
  test.each([false, true])('calls are accepted, signature and session token included (hardened metadata: %s)', async (tokenRequired) => {
    const { simulator, slb } = await edge({ metadata: { tokenRequired } })
    const reply = await slb('CreateVServerGroup', group, writing())
    expect(reply.requestId).toMatch(/^[0-9A-F-]{36}$/)
    expect(simulator.state.loadBalancers[0]?.groups.map(({ name }) => name)).toEqual([group.VServerGroupName])
  })

  test('a session that ended on the cloud is replaced within the call', async () => {
    const { slb, events } = await edge({ metadata: { credentialSeconds: 1 } })
    await slb('DescribeVServerGroups', { LoadBalancerId: 'lb-1' }, reading())
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    await slb('DescribeVServerGroups', { LoadBalancerId: 'lb-1' }, reading())
    expect(events.map(({ code, attempt }) => [attempt, code])).toEqual([
      [1, 'OK'],
      [1, 'InvalidSecurityToken.Expired'],
      [2, 'OK'],
    ])
  })

  test('a missing right is a failure with its code', async () => {
    const { slb } = await edge({ denied: ['CreateVServerGroup'] })
    expect(await failureOf(slb('CreateVServerGroup', group, writing()))).toMatchObject({
      status: 'failed',
      code: 'Forbidden.RAM',
      httpStatus: 403,
    })
  })
})

describe('instances', () => {
  test('are found by private address in the VPC of this instance', async () => {
    const { simulator, instances } = await edge()
    const found = await instances.lookup(nodes, never)
    expect([...found]).toEqual([
      ['n1', { status: 'found', server: 'i-1' }],
      ['n2', { status: 'found', server: 'i-2' }],
      ['n3', { status: 'unresolved', reason: expect.stringContaining('no instance with the private address 10.0.0.3') }],
    ])
    expect(simulator.requests.counts().byAction).toMatchObject({ DescribeInstances: 1 })
  })

  test('an empty list for lack of permission is told apart from an empty VPC', async () => {
    const { simulator, instances } = await edge()
    simulator.settings.denied.push('DescribeInstances')
    expect((await instances.lookup(nodes, never)).get('n1')).toEqual({
      status: 'unresolved',
      reason: 'no permission for ecs:DescribeInstances',
    })
    simulator.settings.denied.pop()
    expect((await instances.lookup(nodes, never)).get('n1')).toEqual({ status: 'found', server: 'i-1' })
    expect((await instances.lookup([{ id: 'n9', address: '10.9.9.9' }], never)).get('n9')).toMatchObject({
      reason: expect.stringContaining('no instance'),
    })
  })
})
