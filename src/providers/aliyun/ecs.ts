// Which ECS instance has a private address. An answer is used only where it is certain: one running instance in one VPC.
import { isIPv4 } from 'node:net'
import { z } from 'zod'
import { CallError } from '../provider.ts'
import type { Rpc } from './rpc.ts'

export type Found =
  | { readonly status: 'found'; readonly server: string }
  /** `reason` is for a person: what is wrong and, where that is known, what to do. */
  | { readonly status: 'unresolved'; readonly reason: string }

/** DescribeInstances takes at most this many addresses. */
const BATCH = 100
const PAGE = 100
/** More pages than 100 addresses can fill: a page token that never ends. */
const MAX_PAGES = 20

const Instance = z.object({
  InstanceId: z.string().regex(/^[\w-]{1,64}$/),
  Status: z.string(),
  VpcAttributes: z
    .object({ VpcId: z.string().optional(), PrivateIpAddress: z.object({ IpAddress: z.array(z.string()) }).optional() })
    .optional(),
  NetworkInterfaces: z
    .object({
      NetworkInterface: z.array(
        z.object({
          PrimaryIpAddress: z.string().optional(),
          PrivateIpSets: z.object({ PrivateIpSet: z.array(z.object({ PrivateIpAddress: z.string().optional() })) }).optional(),
        }),
      ),
    })
    .optional(),
})
const Page = z.object({ NextToken: z.string().optional(), Instances: z.object({ Instance: z.array(Instance) }) })
type Instance = z.infer<typeof Instance>

/**
 * Instances by private IPv4 address, within one VPC: elsewhere the same address may be somebody else's. `mayDescribe` is asked when
 * the answer is empty: without the permission DescribeInstances answers with an empty list, not with an error. Throws CallError.
 */
export async function findByAddress(
  rpc: Rpc,
  mayDescribe: (signal: AbortSignal) => Promise<boolean>,
  vpcId: string,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>()
  for (let from = 0; from < addresses.length; from += BATCH) {
    const batch = addresses.slice(from, from + BATCH)
    const instances = await describeInstances(rpc, vpcId, batch, signal)
    const denied = instances.length === 0 && !(await mayDescribe(signal))
    for (const address of batch) found.set(address, denied ? NO_PERMISSION : pick(instances, vpcId, address))
  }
  return found
}

const NO_PERMISSION: Found = { status: 'unresolved', reason: 'no permission for ecs:DescribeInstances' }

async function describeInstances(rpc: Rpc, vpcId: string, addresses: readonly string[], signal: AbortSignal): Promise<readonly Instance[]> {
  const instances: Instance[] = []
  let NextToken: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { body } = await rpc('DescribeInstances', { ...filter(vpcId, addresses), MaxResults: PAGE, NextToken }, { kind: 'read', signal })
    const parsed = Page.safeParse(body)
    if (!parsed.success) throw unreadable('the answer is not a list of instances')
    instances.push(...parsed.data.Instances.Instance)
    NextToken = parsed.data.NextToken
    if (NextToken === undefined || NextToken === '') return instances
  }
  throw unreadable('the list does not end')
}

const filter = (VpcId: string, addresses: readonly string[]) => ({
  VpcId,
  InstanceNetworkType: 'vpc', // without it PrivateIpAddresses is no filter
  PrivateIpAddresses: JSON.stringify(addresses),
})

const unreadable = (message: string) => new CallError({ status: 'unknown', action: 'DescribeInstances', code: 'InvalidResponse', message })

function pick(instances: readonly Instance[], vpcId: string, address: string): Found {
  const matching = instances.filter((one) => (one.VpcAttributes?.VpcId ?? vpcId) === vpcId && addressesOf(one).includes(address))
  const running = matching.filter(({ Status }) => Status === 'Running')
  const [only] = running
  if (only !== undefined && running.length === 1) return { status: 'found', server: only.InstanceId }
  const [other] = matching
  if (running.length > 1) return { status: 'unresolved', reason: `${running.length} instances have the address ${address}` }
  if (other !== undefined) return { status: 'unresolved', reason: `instance ${other.InstanceId} with ${address} is ${other.Status}` }
  return { status: 'unresolved', reason: `no instance with the private address ${address} in ${vpcId}` }
}

function addressesOf({ VpcAttributes, NetworkInterfaces }: Instance): readonly (string | undefined)[] {
  const interfaces = NetworkInterfaces?.NetworkInterface ?? []
  return [
    ...(VpcAttributes?.PrivateIpAddress?.IpAddress ?? []),
    ...interfaces.map((one) => one.PrimaryIpAddress),
    ...interfaces.flatMap((one) => (one.PrivateIpSets?.PrivateIpSet ?? []).map((set) => set.PrivateIpAddress)),
  ]
}

/** Asks with DryRun, which is answered with the error DryRunOperation where the call would be allowed. The answer is kept for `keepMs`. */
export function createProbe(rpc: Rpc, now: () => number, keepMs: number): (signal: AbortSignal) => Promise<boolean> {
  let known: { readonly allowed: boolean; readonly until: number } | undefined
  return async (signal) => {
    if (known === undefined || now() >= known.until) known = { allowed: await dryRun(rpc, signal), until: now() + keepMs }
    return known.allowed
  }
}

async function dryRun(rpc: Rpc, signal: AbortSignal): Promise<boolean> {
  try {
    await rpc('DescribeInstances', { DryRun: true }, { kind: 'read', signal })
    return false
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    if (error.status !== 'failed') throw error
    return error.code === 'DryRunOperation'
  }
}

/** Whether an address can be looked up at all: one that is no IPv4 address would spoil the call for the others. */
export const searchable = (address: string | undefined): address is string => address !== undefined && isIPv4(address)
