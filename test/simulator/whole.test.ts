// The simulator as a whole: from API calls to bytes that arrive.
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { PlaneListener } from '../../src/simulator/plane.ts'
import { ok } from './client.ts'
import { group, http, LB, member, port, servers, simulate, tcp, theInstance, theListener } from './support.ts'

async function backend(answer: string): Promise<number> {
  const server = createServer((request, response) => response.end(`${answer} ${request.url} for ${request.headers['x-forwarded-for']}`))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: free } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return free
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 0; ; n++) {
    try {
      return await attempt()
    } catch (err) {
      if (n === 60) throw err
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

test('a listener made by calls answers on the address of its load balancer', async () => {
  const [behind, front] = [await backend('hello'), await freePort()]
  const state = {
    loadBalancers: [{ id: 'lb-1', address: '127.0.0.1' }],
    instances: [{ id: 'i-1', privateIp: '127.0.0.1' }],
  }
  const simulator = await simulate({ state, dataPlane: true })
  const VServerGroupId = await group(simulator, member('i-1', behind))
  await ok(simulator, 'CreateLoadBalancerHTTPListener', http(front, { VServerGroupId, HealthCheckInterval: 1, HealthyThreshold: 2 }))
  await ok(simulator, 'StartLoadBalancerListener', port(front))
  const read = async (): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${front}/page`, { headers: { connection: 'close' } })
    if (!response.ok) throw new Error(`status ${response.status}`)
    return response.text()
  }
  expect(await eventually(read)).toBe('hello /page for 127.0.0.1')
  await eventually(async () => {
    const [row] = (await ok(simulator, 'DescribeHealthStatus', LB)).BackendServers.BackendServer
    expect(row).toMatchObject({ ServerId: 'i-1', ListenerPort: front, Port: behind, ServerHealthStatus: 'normal' })
  })
  await ok(simulator, 'StopLoadBalancerListener', port(front))
  await eventually(() => expect(read()).rejects.toThrow('fetch failed'))
})

test('an access control list is bound, changed and emptied by calls, and clients notice', async () => {
  const [behind, front] = [await backend('hello'), await freePort()]
  const state = { loadBalancers: [{ id: 'lb-1', address: '127.0.0.1' }], instances: [{ id: 'i-1', privateIp: '127.0.0.1' }] }
  const simulator = await simulate({ state, dataPlane: true })
  const VServerGroupId = await group(simulator, member('i-1', behind))
  const { AclId } = await ok(simulator, 'CreateAccessControlList', { AclName: 'a' })
  await ok(simulator, 'CreateLoadBalancerHTTPListener', http(front, { VServerGroupId, AclStatus: 'on', AclType: 'white', AclId }))
  await ok(simulator, 'StartLoadBalancerListener', port(front))
  const from = (localAddress: string) =>
    new Promise<boolean>((resolve) => {
      const asking = request({ host: '127.0.0.1', port: front, localAddress, agent: false }, (answer) =>
        resolve(answer.resume().statusCode === 200),
      )
      asking.on('error', () => resolve(false)).end()
    })
  const served = (...expected: boolean[]) =>
    eventually(async () => expect([await from('127.0.0.2'), await from('127.0.1.2')]).toEqual(expected))
  const entry = { AclId, AclEntrys: JSON.stringify([{ entry: '127.0.0.0/24' }]) }
  await served(true, true)
  await ok(simulator, 'AddAccessControlListEntry', entry)
  await served(true, false)
  await ok(simulator, 'SetLoadBalancerHTTPListenerAttribute', port(front, { AclStatus: 'on', AclType: 'black', AclId }))
  await served(false, true)
  await ok(simulator, 'RemoveAccessControlListEntry', entry)
  await served(true, true)
})

test('the data plane hears of every change before the next call is answered', async () => {
  const seen: (readonly PlaneListener[])[] = []
  const plane = {
    sync: (listeners: readonly PlaneListener[]) => void seen.push(listeners),
    health: () => [],
    problems: () => [],
    close: async () => {},
  }
  const simulator = await simulate({ dataPlane: plane })
  const last = () => seen.at(-1)?.[0]
  await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
  await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1') })
  await ok(simulator, 'DescribeRegions')
  expect(last()?.group.backends).toEqual([{ server: 'i-1', address: '10.0.0.1', port: 30000, weight: 100 }])
  await ok(simulator, 'StartLoadBalancerListener', port(80))
  await ok(simulator, 'DescribeRegions')
  expect(last()?.running).toBe(true)
  const syncs = seen.length
  await ok(simulator, 'DescribeRegions')
  expect(seen).toHaveLength(syncs)
})

test('a change made in the state by hand is real after sync', async () => {
  const seen: (readonly PlaneListener[])[] = []
  const plane = {
    sync: (listeners: readonly PlaneListener[]) => void seen.push(listeners),
    health: () => [],
    problems: () => [],
    close: async () => {},
  }
  const simulator = await simulate({ dataPlane: plane })
  await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
  theInstance(simulator, 'i-1').privateIp = '10.9.9.9'
  theListener(simulator, 80).status = 'running'
  simulator.sync()
  expect(seen.at(-1)?.[0]?.running).toBe(true)
})
