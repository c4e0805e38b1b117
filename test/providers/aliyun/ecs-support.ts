// A list of ECS instances behind DescribeInstances, and lookups in it.
import { expect } from 'vitest'
import type { Params } from '../../../src/providers/aliyun/flatten.ts'
import { createInstances, type InstancesOptions, type NodeAddress } from '../../../src/providers/aliyun/instances.ts'
import type { JsonObject, Rpc } from '../../../src/providers/aliyun/rpc.ts'
import { CallError } from '../../../src/providers/provider.ts'

const never = new AbortController().signal
export const refusal = (code: string, status: CallError['status'] = 'failed') =>
  new CallError({ status, action: 'DescribeInstances', code, message: 'said the cloud' })

type Where = { readonly status?: string; readonly vpc?: string; readonly eni?: boolean }
export const instance = (id: string, address: string, { status = 'Running', vpc = 'vpc-1', eni = false }: Where = {}): JsonObject => ({
  InstanceId: id,
  Status: status,
  VpcAttributes: { VpcId: vpc, PrivateIpAddress: { IpAddress: eni ? ['10.9.9.9'] : [address] } },
  NetworkInterfaces: {
    NetworkInterface: [
      { PrimaryIpAddress: '10.8.8.8', PrivateIpSets: { PrivateIpSet: [{ PrivateIpAddress: eni ? address : '10.8.8.8' }] } },
    ],
  },
})

/** DescribeInstances over a list that tests change; `fail` makes calls fail. */
export function ecs(instances: JsonObject[] = []) {
  const calls: Params[] = []
  const state = {
    instances,
    fail: undefined as CallError | undefined,
    dryRun: refusal('DryRunOperation') as CallError | undefined,
    page: 100,
  }
  const rpc: Rpc = async (action, params) => {
    expect(action).toBe('DescribeInstances')
    calls.push(params)
    await Promise.resolve()
    if (params['DryRun'] === true) {
      if (state.dryRun !== undefined) throw state.dryRun
      return { requestId: 'r', body: { RequestId: 'r' } }
    }
    if (state.fail !== undefined) throw state.fail
    const from = Number(params['NextToken'] ?? 0)
    const next = from + state.page < state.instances.length ? String(from + state.page) : ''
    return { requestId: 'r', body: { NextToken: next, Instances: { Instance: state.instances.slice(from, from + state.page) } } }
  }
  return { rpc, calls, state }
}

export function lookups(cloud: ReturnType<typeof ecs>, options: Partial<InstancesOptions> = {}) {
  const clock = { now: 1_000_000 }
  const instances = createInstances({ rpc: cloud.rpc, vpcId: async () => 'vpc-1', now: () => clock.now, ...options })
  const ask = async (nodes: readonly NodeAddress[], signal = never) => {
    const found = await instances.lookup(nodes, signal)
    return Object.fromEntries([...found].map(([id, one]) => [id, one.status === 'found' ? one.server : `? ${one.reason}`]))
  }
  return { ask, clock, instances }
}

export const node = (id: string, address: string | undefined = `10.0.0.${id.slice(1)}`): NodeAddress => ({ id, address })
