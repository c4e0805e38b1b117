// A place that is left for one that stands already, although that cannot be brought in step now.
import { expect, test } from 'vitest'
import { balancer, diffOf, listener, markOf, port, service, text, threeMembers, toDefault, wantedBy } from '../support/build.ts'

test('goes although the choice of nodes of the place that stays matches none', () => {
  const web = service('web', 30000, { 'slb.port.80': 'tcp://:80', 'slb.port.80.nodes': 'node.id==nobody' }, { ports: [port(30000)] })
  const lb = balancer({
    members: threeMembers(),
    listeners: [listener('tcp', 80, toDefault(30000), markOf('web')), listener('tcp', 81, toDefault(30000), markOf('web'))],
  })
  expect(text(diffOf({ lb, wanted: wantedBy([web]) }).plan)).toEqual(['delete listener tcp:81'])
})
