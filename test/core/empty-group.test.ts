import { expect, test } from 'vitest'
import { balancer, diffOf, node, service, text, threeMembers, webListener } from '../support/build.ts'

test.each([['pause'], ['drain']] as const)('a listener is not pointed at a group without members (all nodes %s)', (availability) => {
  const nodes = ['n1', 'n2', 'n3'].map((id) => node(id, { availability }))
  const moved = service('web', 30005, { 'slb.port.80': 'tcp://:8080' })
  const lb = balancer({ members: threeMembers(), listeners: [webListener()] })
  expect(text(diffOf({ services: [moved], nodes, lb }).plan).filter((line) => /no backends|target/.test(line))).toEqual([])
})
