import { describe, expect, test } from 'vitest'
import type { Node, Service, Snapshot } from '../../src/core/model.ts'
import { type EventKind, fingerprint, type MissedMemory, nextMissed, type StreamState } from '../../src/swarm/missed.ts'

const service = (id: string, labels: Service['labels'] = {}): Service => ({
  id,
  name: id,
  createdAt: '',
  labels,
  containerLabels: {},
  ports: [],
  settled: true,
})
const node = (id: string, more: Partial<Node> = {}): Node => ({
  id,
  hostname: id,
  address: '10.0.0.1',
  role: 'manager',
  leader: false,
  availability: 'active',
  state: 'ready',
  labels: {},
  ...more,
})
const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({
  clusterId: 'c',
  nodeId: 'a',
  isLeader: true,
  services: [service('web')],
  nodes: [node('a')],
  tasks: { status: 'notAsked' },
  ...more,
})

describe('the fingerprint', () => {
  const before = fingerprint(snapshot())
  const changed = (more: Partial<Snapshot>) => {
    const after = fingerprint(snapshot(more))
    return (['scope', 'service', 'node'] as const).filter((part) => after[part] !== before[part]).join()
  }
  test.each<[string, Partial<Snapshot>, string]>([
    ['stays when nothing changed', {}, ''],
    ['sees a service come', { services: [service('web'), service('db')] }, 'service'],
    ['sees a label change', { services: [service('web', { 'slb.enable': 'false' })] }, 'service'],
    ['sees a service being allocated', { services: [{ ...service('web'), settled: false }] }, 'service'],
    ['sees a node drain', { nodes: [node('a', { availability: 'drain' })] }, 'node'],
    ['sees a node go down', { nodes: [node('a', { state: 'down' })] }, 'node'],
    ['does not see who leads, which no event announces', { isLeader: false, nodes: [node('a', { leader: true })] }, ''],
    ['tells swarms and managers apart', { clusterId: 'd' }, 'scope'],
  ])('%s', (_, more, expected) => {
    expect(changed(more)).toBe(expected)
  })

  test('does not depend on the order of the lists', () => {
    const two = [node('a'), node('b')]
    expect(fingerprint(snapshot({ nodes: two }))).toEqual(fingerprint(snapshot({ nodes: two.toReversed() })))
  })
})

describe('a change between the readings at 100 and at 200 s', () => {
  const s = (seconds: number) => seconds * 1000
  const reading = (seconds: number, more: Partial<Snapshot> = {}) => ({
    fingerprint: fingerprint(snapshot(more)),
    startedAt: s(seconds),
    endedAt: s(seconds) + 20,
  })
  const drained = { nodes: [node('a', { availability: 'drain' as const })] }
  const both = { ...drained, services: [service('db')] }
  type Events = Readonly<Partial<Record<EventKind, number>>>

  /** What is reported, at the reading and 2 s later, given the last events known at those times. */
  const story = (after: Partial<Snapshot>, early: Events, late: Events, { openedAt }: Pick<StreamState, 'openedAt'> = { openedAt: 0 }) => {
    const first = nextMissed(undefined, { openedAt, lastEventAt: {} }, s(100), reading(100))
    const second = nextMissed(first.memory, { openedAt, lastEventAt: early }, s(200), reading(200, after))
    const third = nextMissed(second.memory, { openedAt, lastEventAt: late }, s(202) + 20)
    return { at: second.recheckAt, missed: [...second.missed, ...third.missed], memory: third.memory }
  }

  test.each<[string, Partial<Snapshot>, Events, Events, readonly EventKind[]]>([
    ['that an event announced is not missed', drained, { node: s(150) }, { node: s(150) }, []],
    ['whose event comes a moment after the reading is not missed', drained, {}, { node: s(201) }, []],
    ['that no event announced is missed', drained, {}, {}, ['node']],
    ['whose only event is from before the first reading is missed', drained, { node: s(99.9) }, { node: s(99.9) }, ['node']],
    ['that only an event of the other kind accompanied is missed', drained, { service: s(150) }, { service: s(201) }, ['node']],
    ['of both kinds without any event is missed twice', both, {}, {}, ['service', 'node']],
    ['that did not happen is not missed', {}, {}, {}, []],
    ['of who leads is not missed', { isLeader: false }, {}, {}, []],
  ])('%s', (_, after, early, late, missed) => {
    expect(story(after, early, late).missed).toEqual(missed)
  })

  test('is judged 2 s after the reading, once', () => {
    const { at, memory } = story(drained, {}, {})
    expect(at).toBe(s(202) + 20)
    expect(nextMissed(memory, { openedAt: 0, lastEventAt: {} }, s(260), reading(260, drained)).missed).toEqual([])
  })

  test.each([
    ['was opened after the first reading', s(150)],
    ['is not open', undefined],
  ])('is nobody’s fault when the stream %s', (_, openedAt) => {
    expect(story(drained, {}, {}, { openedAt }).missed).toEqual([])
  })

  test('is forgiven when the stream was lost before judgement', () => {
    const first = nextMissed(undefined, { openedAt: 0, lastEventAt: {} }, s(100), reading(100))
    const second = nextMissed(first.memory, { openedAt: 0, lastEventAt: {} }, s(200), reading(200, drained))
    expect(nextMissed(second.memory, { openedAt: undefined, lastEventAt: {} }, s(203)).missed).toEqual([])
  })

  test('seen from another manager is no change at all', () => {
    expect(story({ ...drained, nodeId: 'b' }, {}, {}).missed).toEqual([])
  })

  test('is not forgotten by a second reading before judgement', () => {
    let memory: MissedMemory | undefined
    const stream = { openedAt: 0, lastEventAt: {} }
    for (const [at, more] of [
      [100, {}],
      [200, drained],
      [201, drained],
    ] as const)
      memory = nextMissed(memory, stream, s(at), reading(at, more)).memory
    expect(nextMissed(memory, stream, s(203)).missed).toEqual(['node'])
  })
})
