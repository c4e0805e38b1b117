import { afterEach, beforeEach, test } from 'vitest'
import { type Stand, startStand, swarmService, until } from './support/stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand()
})
afterEach(() => stand.close())
test('a label may name a load balancer that SLB_ID gives by id, from the start', async () => {
  stand.services([swarmService('web', 30000, { 'slb.port.80': 'http://front:8080' })])
  stand.start()
  await until('listener 8080 runs', () => stand.listener(8080)?.status === 'running', 4000)
})
