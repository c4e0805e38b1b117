// Can the model fail? Each mutant makes one part of the daemon behave as it must not; sequences have to find that out.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Change, LoadBalancer } from '../../src/core/model.ts'
import type { Handle, Provider } from '../../src/providers/provider.ts'
import { seedFor } from '../support/random.ts'
import { someSequence } from './actions.ts'
import { Broken, play } from './play.ts'
import type { Mutant } from './world.ts'

type Patch = {
  readonly read?: (lb: LoadBalancer) => LoadBalancer
  readonly change?: (change: Change, lb: LoadBalancer) => Change | undefined
}

/** A provider that shows load balancers otherwise, or carries out other changes than it is told. */
const patched =
  ({ read = (lb) => lb, change = (one) => one }: Patch) =>
  (provider: Provider): Provider => ({
    ...provider,
    async open(id, how, signal) {
      const handle = await provider.open(id, how, signal)
      const apply: Handle['apply'] = async (one, turn) => {
        const other = change(one, handle.actual)
        return other === undefined ? [] : handle.apply(other, turn)
      }
      return { actual: read(handle.actual), health: (stop) => handle.health(stop), apply }
    },
  })

const MUTANTS: Readonly<Record<string, Mutant>> = {
  'a guard that lets every delete through': { env: { SLB_MAX_DELETES: '1000' } },
  'marks that are read laxly': {
    provider: patched({
      read: (lb) => ({
        ...lb,
        listeners: lb.listeners.map((one) => ({
          ...one,
          note: one.note.replace('/them/', '/me/').replace('ssh', 'swarm-slb/me/a/80-tcp'),
        })),
      }),
    }),
  },
  'listeners that lead to a stranger and are not stopped': {
    provider: patched({ change: (one) => (one.kind === 'stopListener' ? undefined : one) }),
  },
  'a last weight that is taken': {
    provider: patched({
      change: (one, lb) => {
        if (one.kind !== 'setWeights' || one.members.every(({ weight }) => weight > 0)) return one
        const members = one.group === 'default' ? lb.members : (lb.groups.find(({ ref }) => ref === one.group)?.members ?? [])
        return { ...one, members: members.map((member) => ({ ...member, weight: 0 })), was: members }
      },
    }),
  },
  'mistakes in labels that are overlooked': {
    engine: (engine) => ({
      ...engine,
      services: async (signal) =>
        (await engine.services(signal)).map((one) => {
          const { 'slb.port.80.bandwidth': _, 'slb.prot.80': __, 'slb.freeze': ___, ...Labels } = one.Spec.Labels
          return { ...one, Spec: { ...one.Spec, Labels } }
        }),
    }),
  },
  'groups that nobody uses and nobody removes': { provider: patched({ change: (one) => (one.kind === 'deleteGroup' ? undefined : one) }) },
}

/** Actions in a sequence, at most. */
const LONGEST: Readonly<Record<string, number>> = {
  // More than a few deletes want a long life.
  'a guard that lets every delete through': 60,
}

test.each(Object.entries(MUTANTS))('the model notices %s', async (name, mutant) => {
  const seed = seedFor(`mutant ${name}`)
  const found = await fc.check(
    fc.asyncProperty(someSequence(LONGEST[name] ?? 20), async (sequence) => void (await play(sequence, mutant))),
    { numRuns: 5000, seed, endOnFailure: true },
  )
  expect(found.failed).toBe(true)
  expect(found.errorInstance).toBeInstanceOf(Error)
  process.stdout.write(
    `mutant ${name}: found by sequence ${found.numRuns}${found.errorInstance instanceof Broken ? '' : ' (without end)'}\n`,
  )
})
