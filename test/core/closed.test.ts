// Rule 9: who closed a listener is written behind its mark, and the sign outlives what happens to the listener meanwhile.
import { expect, test } from 'vitest'
import { NO_MEMORY } from '../../src/core/diff-input.ts'
import {
  balancer,
  diffOf,
  group,
  kinds,
  listener,
  markOf,
  remembers,
  service,
  text,
  threeMembers,
  toDefault,
  toGroup,
  wantedBy,
  web,
  webListener,
} from '../support/build.ts'

test('while the cloud is configuring it a closed listener keeps its sign', () => {
  const lb = balancer({ members: threeMembers(), listeners: [webListener({ status: 'changing', note: markOf('web', '/closed') })] })
  const result = diffOf({ services: [web()], lb })
  expect(text(result.plan)).toEqual([])
  expect(result.verdicts[0]).toMatchObject({ state: 'closed' })
})

test('handed over while it is closed, with another protocol, it keeps the group that it uses', () => {
  const young = service('young', 30001, { 'slb.port.80': 'http://:8080' }, { createdAt: '2026-02-01T00:00:00Z' })
  const own = group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080'] })
  const closed = webListener({ target: toGroup('rsp-1'), status: 'stopped', note: markOf('web', '/closed') })
  const wanted = wantedBy([young], { memory: remembers(['web', 'young'], { web: 0 }) })
  expect(kinds(diffOf({ lb: balancer({ groups: [own], listeners: [closed] }), wanted }).plan)).not.toContain('deleteGroup')
})

test('an adopted listener that is stopped was closed by a person', () => {
  const stopped = listener('tcp', 8080, toDefault(30000), 'made in the console', { status: 'stopped' })
  const lb = balancer({ members: threeMembers(), listeners: [stopped] })
  expect(text(diffOf({ services: [web({ 'slb.port.80.adopt': 'true' })], lb }).plan)).toEqual([
    `update listener tcp:8080: note -> ${markOf('web', '/closed')}`,
  ])
})

test('an option of a closed listener is still changed: it is what it will be opened with', () => {
  const lb = balancer({ members: threeMembers(), listeners: [webListener({ status: 'stopped', note: markOf('web', '/closed') })] })
  expect(text(diffOf({ services: [web({ 'slb.port.80.scheduler': 'rr' })], lb }).plan)).toEqual([
    'update listener tcp:8080: scheduler wrr -> rr',
  ])
})

test('stopped by a person and wanted with another protocol: who closed it is written at once, since the next process has not seen it run', () => {
  const stopped = webListener({ status: 'stopped' })
  const lb = balancer({ members: threeMembers(), listeners: [stopped] })
  const memory = { ...NO_MEMORY, seenRunning: new Set([stopped.key]) }
  expect(text(diffOf({ services: [web({ 'slb.port.80': 'http://:8080' })], lb, memory }).plan)).toEqual([
    `update listener tcp:8080: note -> ${markOf('web', '/closed')}`,
  ])
})
