// Rule 4: what is a problem stays as it is, however large a part of the service it speaks of.
import { describe, expect, test } from 'vitest'
import { balancer, diffOf, PLACES, port, service, text, threeMembers, wantedBy, web, webListener } from '../support/build.ts'

const inPlace = balancer({ members: threeMembers(), listeners: [webListener()] })

describe('a listener stays', () => {
  test.each([
    ['a load balancer that is not allowed', 'tcp://elsewhere:8080', 'not in SLB_ID or SLB_ALLOW'],
    ['another protocol than its port has', 'udp://:8080', 'needs 80/udp'],
    ['nothing that can be read', 'nonsense', 'nonsense'],
  ])('when its label names %s', (_, target, problem) => {
    const wanted = wantedBy([web({ 'slb.port.80': target })])
    expect(text(diffOf({ wanted, lb: inPlace }).plan)).toEqual([])
    expect(wanted.problems[0]?.text).toContain(problem)
  })

  test('when only one of its targets cannot be placed', () => {
    const both = web({ 'slb.port.80': 'tcp://:9090;tcp://elsewhere:8080' })
    expect(text(diffOf({ services: [both], lb: inPlace }).plan)).toEqual([])
  })

  test('when no load balancer could be looked up', () => {
    const places = { ...PLACES, fallback: undefined, fallbackProblem: 'timeout' }
    expect(text(diffOf({ wanted: wantedBy([web()], { places }), lb: inPlace }).plan)).toEqual([])
  })

  test('when a misspelt label froze all ports, also if its own is published no more', () => {
    const misspelt = service('web', undefined, { 'slb.prot.80': 'tcp://:8080' }, { ports: [port(30001, { target: 443 })] })
    expect(text(diffOf({ services: [misspelt], lb: inPlace }).plan)).toEqual([])
  })
})

test('a problem of one port leaves the others of its service to their labels', () => {
  const ports = [port(30000), port(30001, { target: 443 })]
  const two = service('web', undefined, { 'slb.port.80': 'nonsense', 'slb.port.443': 'tcp://:4430' }, { ports })
  expect(text(diffOf({ services: [two], lb: inPlace }).plan)).toEqual(['create listener tcp:4430 -> default group on port 30001'])
})
