// The promise that every provider keeps: what it was told to do is what it reads afterwards, from what it knows and from the cloud alike.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Handle, OpenOptions, Provider, Turn } from '../../src/providers/provider.ts'
import { type Picture, PREFIX, pictureOf } from './provider-contract-picture.ts'
import { regionContract } from './provider-contract-region.ts'
import { RULE_STEPS } from './provider-contract-rules.ts'
import { SECURE_STEPS } from './provider-contract-secure.ts'
import { type Context, STEPS } from './provider-contract-steps.ts'

export type UnderTest = {
  readonly provider: Provider
  /** An active load balancer with nothing of ours on it; other people's things may be there. */
  readonly id: string
  readonly name: string
  /** At least two servers that may become backends. */
  readonly servers: readonly string[]
  /** Ids of two certificates that a listener may have. */
  readonly certificates: readonly [string, string]
  /** One that is not uploaded; the provider can read it. */
  readonly certificate: { readonly file: string; readonly fingerprint: string }
  /** How late reads are: they wait for this long; 0. */
  readonly settleMs?: number | undefined
  close(): Promise<void>
}

const TAG = 'swarm-slb-verify'
const signal = new AbortController().signal
const turn: Turn = { begin: signal, wait: signal, priority: 0 }
const how = (members: OpenOptions['members']): OpenOptions => ({ members, owned: (name) => name.startsWith(PREFIX) })

export function providerContract(name: string, start: () => Promise<UnderTest>): void {
  describe(`${name} keeps the provider contract`, () => {
    let its: UnderTest
    let foreign: Picture
    /** Read when no listener is between two states any more. */
    const open = async (members: OpenOptions['members']): Promise<Handle> => {
      await sleep(its.settleMs ?? 0)
      for (let tries = 0; tries < 200; tries += 1) {
        const handle = await its.provider.open(its.id, how(members), signal)
        if (handle.actual.listeners.every(({ status }) => status !== 'changing')) return handle
        await sleep(10 + (its.settleMs ?? 0) / 10)
      }
      throw new Error('a listener never came to rest')
    }

    beforeAll(async () => {
      its = await start()
      foreign = pictureOf((await open('fresh')).actual, false)
    })
    afterAll(() => its.close())

    test('its name and its id are one', async () => {
      const answers = await its.provider.resolve([its.name, its.id], signal)
      expect([...answers.values()].map((answer) => answer.status === 'found' && answer.id)).toEqual([its.id, its.id])
      expect((await open('cached')).actual).toMatchObject({ id: its.id, name: its.name, status: 'active' })
    })

    test('tags it, and keeps the tags that were there', async () => {
      const handle = await open('cached')
      await handle.apply({ kind: 'tagLoadBalancer', tags: { [TAG]: 'cluster-1' } }, turn)
      expect((await open('cached')).actual.tags).toEqual({ ...handle.actual.tags, [TAG]: 'cluster-1' })
    })

    test('is found by its tag, and by no other value of it', async () => {
      const { provider, id, name: called } = its
      expect(await provider.findByTag(TAG, 'cluster-1', signal)).toEqual([{ id, name: called }])
      expect(await provider.findByTag(TAG, 'cluster-2', signal)).toEqual([])
    })

    test.each([...STEPS, ...RULE_STEPS, ...SECURE_STEPS])('$name', async ({ changes, expected }) => {
      const handle = await open('cached')
      const context: Context = {
        lb: handle.actual,
        before: pictureOf(handle.actual, true),
        servers: its.servers,
        certificates: its.certificates,
      }
      for (const change of changes(context)) {
        const ids = await handle.apply(change, turn)
        expect(ids.every((id) => id.length > 0)).toBe(true)
      }
      const [known, read] = [(await open('cached')).actual, (await open('fresh')).actual]
      expect(pictureOf(known, true)).toEqual(expected(context))
      expect(pictureOf(read, true)).toEqual(expected(context))
      expect(pictureOf(read, false)).toEqual(foreign)
      const keys = read.listeners.map(({ key }) => key)
      expect((await handle.health(signal)).every(({ listener }) => keys.includes(listener))).toBe(true)
    })

    regionContract(() => its)

    test('a load balancer that is not there is missing', async () => {
      expect((await its.provider.open('lb-notthere', how('cached'), signal)).actual.status).toBe('missing')
    })
  })
}
