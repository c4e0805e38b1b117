// A simulator that lives for one test, with two servers in its account and one load balancer.
import { onTestFinished } from 'vitest'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts'
import type { Instance, Listener, LoadBalancer, StateFile } from '../../src/simulator/world.ts'
import { ok, type Params } from './client.ts'

export const LB = { LoadBalancerId: 'lb-1' } as const

const twoServers: StateFile = {
  loadBalancers: [{ id: 'lb-1', name: 'web', address: '127.77.9.1' }],
  instances: [
    { id: 'i-1', privateIp: '10.0.0.1' },
    { id: 'i-2', privateIp: '10.0.0.2' },
    { id: 'i-stopped', privateIp: '10.0.0.3', status: 'Stopped' },
    { id: 'i-elsewhere', privateIp: '10.0.0.1', vpcId: 'vpc-other' },
  ],
}

export async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ state: twoServers, ...options })
  onTestFinished(() => simulator.close())
  return simulator
}

export const servers = (...rows: (string | { ServerId: string; Port?: number; Weight?: number; Description?: string })[]): Params => ({
  BackendServers: JSON.stringify(rows.map((row) => (typeof row === 'string' ? { ServerId: row } : row))),
})

export const member = (ServerId: string, Port = 30000, Weight = 100) => ({ ServerId, Port, Weight })

export async function group(simulator: Simulator, ...rows: ReturnType<typeof member>[]): Promise<string> {
  const { VServerGroupId } = await ok(simulator, 'CreateVServerGroup', {
    ...LB,
    VServerGroupName: 'g',
    ...(rows.length > 0 ? servers(...rows) : {}),
  })
  return VServerGroupId
}

export const tcp = (port: number, more: Params = {}): Params => ({
  ...LB,
  ListenerPort: port,
  Bandwidth: -1,
  BackendServerPort: 30000,
  ...more,
})

export const http = (port: number, more: Params = {}): Params => ({
  ...LB,
  ListenerPort: port,
  HealthCheck: 'on',
  BackendServerPort: 30000,
  ...more,
})

export const port = (ListenerPort: number, more: Params = {}): Params => ({ ...LB, ListenerPort, ...more })

export function theLoadBalancer({ state }: Simulator): LoadBalancer {
  const [loadBalancer] = state.loadBalancers
  if (loadBalancer === undefined) throw new Error('no load balancer')
  return loadBalancer
}

export function theListener(simulator: Simulator, at: number): Listener {
  const listener = theLoadBalancer(simulator).listeners.find((each) => each.port === at)
  if (listener === undefined) throw new Error(`no listener on ${at}`)
  return listener
}

export function theInstance({ state }: Simulator, id: string): Instance {
  const instance = state.instances.find((each) => each.id === id)
  if (instance === undefined) throw new Error(`no instance ${id}`)
  return instance
}
