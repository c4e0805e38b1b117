// The pause of the daemon's own service, as its readings of the swarm show it.
import { describe, expect, test } from 'vitest'
import type { Service, Snapshot } from '../src/core/model.ts'
import { followPause } from '../src/pausing.ts'
import { service } from './support/build.ts'

const NOW = Date.parse('2026-01-31T10:00:00Z')
const self = (labels: Readonly<Record<string, string>>) => ({ ...service('slb', undefined, labels, { ports: [] }), id: 'self' })
const seen = (services: readonly Service[]): Snapshot => ({
  clusterId: 'c',
  nodeId: 'n',
  isLeader: true,
  services,
  nodes: [],
  tasks: { status: 'notAsked' },
})

describe('the own service', () => {
  test('loses the label before its labels are read: it is no mistake', () => {
    const { services } = followPause('self', () => NOW).read(seen([self({ 'slb.pause': 'true', 'slb.freeze': 'true' })]))
    expect(services[0]?.labels).toEqual({ 'slb.freeze': 'true' })
  })

  test('that is missing from a reading says what it said last, until its time is over', () => {
    let now = NOW
    const pausing = followPause('self', () => now)
    pausing.read(seen([self({ 'slb.pause': '2026-01-31T10:01Z' })]))
    pausing.read(seen([]))
    expect(pausing.paused()).toBe(true)
    expect(pausing.rows([]).problems[0]?.text).toContain('cannot be seen')
    now += 60_000
    pausing.read(seen([]))
    expect(pausing.paused()).toBe(false)
  })

  test('that was never seen may ask for a pause: nothing is written until it is seen, which is a problem too', () => {
    const pausing = followPause('self', () => NOW)
    pausing.read(seen([service('web', 30_000)]))
    expect(pausing.paused()).toBe(true)
    const { paused, problems } = pausing.rows([])
    expect(paused).toMatchObject([
      { loadBalancer: '*', by: 'swarm-slb itself', until: '', text: expect.stringContaining('cannot be read') },
    ])
    expect(problems.map(({ text }) => text)).toEqual([
      expect.stringMatching(/SLB_SERVICE_ID is self, .* nothing is written until it is seen/),
    ])
    pausing.read(seen([self({})]))
    expect([pausing.paused(), pausing.rows([]).problems]).toEqual([false, []])
    pausing.read(seen([]))
    expect(pausing.paused()).toBe(false)
  })

  test('that is not known, because the daemon is no service, never pauses', () => {
    const pausing = followPause(undefined, () => NOW)
    pausing.read(seen([self({ 'slb.pause': 'true' })]))
    expect([pausing.paused(), pausing.rows([])]).toEqual([false, { paused: [], problems: [] }])
  })
})
