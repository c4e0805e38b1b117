// Rule 7: within one service the container port in the mark decides.
import { expect, test } from 'vitest'
import { balancer, diffOf, listener, port, service, text, threeMembers, toDefault } from '../support/build.ts'

test('of two ports of one service the one in the mark keeps the listener', () => {
  const ports = [port(30000), port(30001, { target: 443 })]
  const two = service('web', undefined, { 'slb.port.80': 'tcp://:8080', 'slb.port.443': 'tcp://:8080' }, { ports })
  const held = listener('tcp', 8080, toDefault(30001), 'swarm-slb/me/web/443-tcp')
  const result = diffOf({ services: [two], lb: balancer({ members: threeMembers(), listeners: [held] }) })
  expect(text(result.plan)).toEqual([])
  expect(result.verdicts.find(({ state }) => state === 'refused')).toMatchObject({ service: 'web', port: '80/tcp' })
})
