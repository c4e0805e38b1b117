// What is pinned for the life of the process, whatever later readings of the swarm and the cloud say.
import { describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import type { Node, Snapshot } from '../src/core/model.ts'
import { createDesires } from '../src/desired.ts'
import { balancer, found, NOW, node, THREE, web } from './support/build.ts'
import { memoryProvider } from './support/memory-provider.ts'

const never = new AbortController().signal
const SECRETS = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: 'testid',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'testsecret',
  ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
}

function desires(env: Readonly<Record<string, string>> = {}) {
  const clock = { now: NOW }
  const config = readConfig({ env: { ...SECRETS, SLB_ID: 'lb-1', ...env }, flags: {} })
  const instances = {
    lookup: async (asked: readonly { readonly id: string }[]) => found(asked.map(({ id }) => node(id))),
    forget: () => {},
  }
  const all = createDesires({ config, provider: memoryProvider([balancer()]), instances, now: () => clock.now })
  const read = (over: Partial<Snapshot> = {}) =>
    all.read(
      {
        clusterId: 'abcdefghijklmnop',
        nodeId: 'n1',
        isLeader: true,
        services: [web()],
        nodes: THREE,
        tasks: { status: 'notAsked' },
        ...over,
      },
      never,
    )
  return { ...all, read, clock }
}

describe('the owner', () => {
  test('is the beginning of the cluster id, ten characters, where SLB_OWNER says nothing', async () => {
    expect((await desires().read()).rules).toMatchObject({
      owner: 'abcdefghij',
      clusterId: 'abcdefghijklmnop',
      note: 'swarm-slb/abcdefghij',
    })
    expect((await desires({ SLB_OWNER: 'me' }).read()).rules.owner).toBe('me')
  })
})

describe('the name of a load balancer', () => {
  const placeOf = async ({ read }: ReturnType<typeof desires>) => {
    const named = web({ 'slb.port.80': 'tcp://front:8080' })
    return (await read({ services: [named] })).wanted.claims.map(({ loadBalancer }) => loadBalancer)
  }

  test('may be used by labels once it is known', async () => {
    const its = desires()
    expect(await placeOf(its)).toEqual([])
    expect(its.learn('front', 'lb-1')).toBe(true)
    expect(await placeOf(its)).toEqual(['lb-1'])
  })

  test('leads to the same one for the life of the process', async () => {
    const its = desires()
    its.learn('front', 'lb-1')
    expect(its.learn('front', 'lb-9')).toBe(false)
    expect(await placeOf(its)).toEqual(['lb-1'])
  })
})

test('a node that was down gets its weight 15 seconds after it is ready', async () => {
  const { read, clock } = desires()
  const at = async (ms: number, state: Node['state']) => {
    clock.now = NOW + ms
    return (await read({ nodes: [node('n1', { state }), ...THREE.slice(1)] })).backends.wishes.get('i-1')
  }
  await at(0, 'ready')
  await at(1000, 'down')
  expect(await at(61_000, 'down')).toMatchObject({ weight: 0, mode: 'set' })
  expect(await at(62_000, 'ready')).toMatchObject({ mode: 'keep', add: false })
  expect(await at(76_999, 'ready')).toMatchObject({ mode: 'keep', add: false })
  expect(await at(77_000, 'ready')).toMatchObject({ weight: 100, mode: 'set' })
})
