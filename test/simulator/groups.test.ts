import { describe, expect, test } from 'vitest'
import { call, ok, refusal } from './client.ts'
import { group, LB, member, servers, simulate, theLoadBalancer } from './support.ts'

const members = async (simulator: Awaited<ReturnType<typeof simulate>>, VServerGroupId: string) =>
  (await ok(simulator, 'DescribeVServerGroupAttribute', { VServerGroupId })).BackendServers.BackendServer.map(
    (row: { ServerId: string; Port: number; Weight: number }) => `${row.ServerId}:${row.Port}=${row.Weight}`,
  )

describe('VServer groups', () => {
  test('Set changes weight and description of members, and nothing else', async () => {
    const simulator = await simulate()
    const VServerGroupId = await group(simulator, member('i-1'))
    const rows = [{ ServerId: 'i-1', Port: 30000, Weight: 0, Description: 'x' }, member('i-2')]
    const answer = await ok(simulator, 'SetVServerGroupAttribute', { VServerGroupId, VServerGroupName: 'new', ...servers(...rows) })
    expect(answer).toMatchObject({ VServerGroupName: 'new', VServerGroupId })
    expect(theLoadBalancer(simulator).groups[0]?.servers).toEqual([
      { serverId: 'i-1', port: 30000, weight: 0, type: 'ecs', description: 'x' },
    ])
    expect(await refusal(simulator, 'SetVServerGroupAttribute', { VServerGroupId })).toBe('400 MissingParameter')
  })

  test('Set drops descriptions where the settings say that the cloud does', async () => {
    const simulator = await simulate({ settings: { unsure: { keepSetDescriptions: false } } })
    const VServerGroupId = await group(simulator, member('i-1'))
    await ok(simulator, 'SetVServerGroupAttribute', { VServerGroupId, ...servers({ ...member('i-1'), Description: 'x' }) })
    expect(theLoadBalancer(simulator).groups[0]?.servers[0]?.description).toBe('')
  })

  test.each([
    ['ignore', 200],
    ['error', 400],
  ] as const)('adding a member that is there: %s', async (addPresentMember, status) => {
    const simulator = await simulate({ settings: { unsure: { addPresentMember } } })
    const VServerGroupId = await group(simulator, member('i-1'))
    const again = await call(simulator, 'AddVServerGroupBackendServers', { VServerGroupId, ...servers(member('i-1', 30000, 5)) })
    expect(again.status).toBe(status)
    expect(await members(simulator, VServerGroupId)).toEqual(['i-1:30000=100'])
  })

  test('that are not there are InvalidParameter with status 404', async () => {
    const { status, body } = await call(await simulate(), 'DescribeVServerGroupAttribute', { VServerGroupId: 'rsp-none' })
    expect([status, body['Code'], body['Message']]).toEqual([404, 'InvalidParameter', 'The specified VServerGroupId does not exist.'])
  })
})

describe('the servers of a call', () => {
  test.each([
    { name: 'are an unknown interface', json: '[{"ServerId":"eni-x","Port":1,"Type":"eni"}]', answer: '404 ResourceNotFound.vServers' },
    { name: 'are stopped', json: '[{"ServerId":"i-stopped","Port":1}]', answer: '400 ObtainIpFail' },
    { name: 'are in another network', json: '[{"ServerId":"i-elsewhere","Port":1}]', answer: '400 NetworkConflict' },
    {
      name: 'are more than 20',
      json: JSON.stringify(Array.from({ length: 21 }, (_, n) => member('i-1', n + 1))),
      answer: '400 TooManyBackendServers',
    },
  ])('are refused when they $name', async ({ json, answer }) => {
    const simulator = await simulate()
    expect(await refusal(simulator, 'CreateVServerGroup', { ...LB, BackendServers: json })).toBe(answer)
    expect(theLoadBalancer(simulator).groups).toEqual([])
  })

  test.each([
    [true, []],
    [false, ['i-1:30000=100']],
  ])('with a bad one among them: all or nothing is %s', async (atomicBatches, left) => {
    const simulator = await simulate({ settings: { unsure: { atomicBatches } } })
    const VServerGroupId = await group(simulator)
    const rows = servers(member('i-1'), member('i-stopped'), member('i-2'))
    expect(await refusal(simulator, 'AddVServerGroupBackendServers', { VServerGroupId, ...rows })).toBe('400 ObtainIpFail')
    expect(await members(simulator, VServerGroupId)).toEqual(left)
  })

  test('are counted over all groups of the load balancer', async () => {
    const simulator = await simulate({ settings: { quotas: { backendServers: 3 } } })
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1') })
    const VServerGroupId = await group(simulator, member('i-1'), member('i-2'))
    const code = '400 InstanceBackendServerNumberOverLimit'
    expect(await refusal(simulator, 'AddVServerGroupBackendServers', { VServerGroupId, ...servers(member('i-1', 1)) })).toBe(code)
    expect(await refusal(simulator, 'AddBackendServers', { ...LB, ...servers('i-2') })).toBe(code)
    const swap = { OldBackendServers: JSON.stringify([member('i-1')]), NewBackendServers: JSON.stringify([member('i-1', 30001)]) }
    await ok(simulator, 'ModifyVServerGroupBackendServers', { VServerGroupId, ...swap })
  })

  test('may be in so many groups and no more', async () => {
    const simulator = await simulate({ settings: { quotas: { attachments: 2 } } })
    await group(simulator, member('i-1'))
    await group(simulator, member('i-1'))
    expect(await refusal(simulator, 'CreateVServerGroup', { ...LB, ...servers(member('i-1')) })).toBe('400 QuotaLimitExceeds')
  })
})

describe('the default group', () => {
  test('has servers without a port, each once', async () => {
    const simulator = await simulate()
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers({ ServerId: 'i-1', Weight: 50 }, { ServerId: 'i-1', Weight: 1 }) })
    const { BackendServers } = await ok(simulator, 'DescribeLoadBalancerAttribute', LB)
    expect(BackendServers.BackendServer).toEqual([{ ServerId: 'i-1', ServerIp: '10.0.0.1', Weight: 50, Type: 'ecs', Description: '' }])
  })

  test.each([
    ['error', 400],
    ['ignore', 200],
  ] as const)('adding a server that is there: %s', async (addPresentServer, status) => {
    const simulator = await simulate({ settings: { unsure: { addPresentServer } } })
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1') })
    expect((await call(simulator, 'AddBackendServers', { ...LB, ...servers('i-1') })).status).toBe(status)
  })

  test('Set changes weights, Remove passes over what is not there', async () => {
    const simulator = await simulate()
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1', 'i-2') })
    await ok(simulator, 'SetBackendServers', { ...LB, ...servers({ ServerId: 'i-1', Weight: 0 }, 'i-none') })
    await ok(simulator, 'RemoveBackendServers', { ...LB, ...servers('i-2', 'i-none') })
    expect(theLoadBalancer(simulator).backendServers).toMatchObject([{ serverId: 'i-1', weight: 0 }])
  })

  test('Remove takes bare ids as old clients send them', async () => {
    const simulator = await simulate()
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1', 'i-2') })
    await ok(simulator, 'RemoveBackendServers', { ...LB, BackendServers: '["i-1","i-2"]' })
    expect(theLoadBalancer(simulator).backendServers).toEqual([])
  })

  test('answers with the whole group, or with what was asked', async () => {
    const simulator = await simulate()
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1') })
    const full = await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-2') })
    expect(full.BackendServers.BackendServer).toHaveLength(2)
    simulator.settings.unsure.backendServersAnswer = 'echo'
    const echo = await ok(simulator, 'SetBackendServers', { ...LB, ...servers('i-2') })
    expect(echo.BackendServers.BackendServer).toHaveLength(1)
  })

  test('refuses unknown and stopped servers', async () => {
    const simulator = await simulate()
    expect(await refusal(simulator, 'AddBackendServers', { ...LB, ...servers('i-none') })).toBe('404 InvalidServerId.NotFound')
    expect(await refusal(simulator, 'AddBackendServers', { ...LB, ...servers('i-stopped') })).toBe('400 ObtainIpFail')
  })
})
