// The end of the daemon: what has begun is finished, nothing else begins, and nothing is ever deleted because it ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Stand, startStand, swarmService, until } from './support/stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand()
})
afterEach(() => stand.close())

const services = (count: number) =>
  Array.from({ length: count }, (_, i) => swarmService(`s${i}`, 31_000 + i, { 'slb.port.80': `tcp://:${9000 + i}` }))
const listeners = () => stand.lb().listeners
const running = () => listeners().filter(({ status }) => status === 'running').length
const calls = (action: string) => stand.simulator.requests.counts().byAction[action] ?? 0

describe('a stop', () => {
  test('finishes the listeners that are being made, and begins no other', async () => {
    stand.simulator.settings.slowActions['CreateLoadBalancerTCPListener'] = 300
    stand.services(services(8))
    stand.start()
    await until('the nodes are in', () => calls('AddBackendServers') === 1)
    await new Promise((resolve) => setTimeout(resolve, 150))
    await stand.stop()
    expect(listeners().length).toBeGreaterThan(0)
    expect(listeners().length).toBeLessThan(8)
    expect(running()).toBe(listeners().length)
    expect(calls('DeleteLoadBalancerListener')).toBe(0)
  })

  test('finishes a replacement that has begun', async () => {
    stand.services(services(1))
    stand.start()
    await until('it runs', () => running() === 1)
    stand.simulator.settings.slowActions['DeleteLoadBalancerListener'] = 200
    stand.services([swarmService('s0', 31_000, { 'slb.port.80': 'http://:9000' })])
    await until('the change has been seen', () => calls('DescribeLoadBalancerListeners') >= 2)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await stand.stop()
    expect(listeners()).toMatchObject([{ port: 9000, protocol: 'http', status: 'running' }])
  })

  test('while the cloud is busy waits in place for what has begun', async () => {
    stand.simulator.faults.add({ action: 'StartLoadBalancerListener', times: 6, as: { code: 'ServiceIsConfiguring', status: 400 } })
    stand.services(services(1))
    stand.start({ rpc: { timeouts: { requestMs: 1000 }, waits: { firstMs: 50, maxMs: 100, totalMs: 5000 } } })
    await until('the start is refused', () => calls('StartLoadBalancerListener') >= 1)
    await stand.stop()
    expect(running()).toBe(1)
    expect(calls('StartLoadBalancerListener')).toBe(7)
  })

  test('leaves listeners as they are, also those that were about to go', async () => {
    stand.services(services(2))
    stand.start()
    await until('both run', () => running() === 2)
    stand.services(services(1))
    await stand.stop()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(running()).toBe(2)
  })

  test('of a process by SIGTERM ends it with 0', async () => {
    stand.services(services(1))
    const env = {
      PATH: process.env['PATH'],
      DOCKER_HOST: stand.engine.host,
      SLB_ID: 'lb-1',
      SLB_OWNER: 'me',
      SLB_ENDPOINT: stand.simulator.apiUrl,
      ECS_ENDPOINT: stand.simulator.apiUrl,
      METADATA_ENDPOINT: stand.simulator.metadataUrl,
      ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'testid',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'testsecret',
      SLB_HTTP_ADDR: 'off',
      SLB_SOCKET: 'off',
      LOG_FORMAT: 'json',
    }
    const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
    const daemon = spawn(process.execPath, [main, 'run'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    daemon.stderr.on('data', (chunk) => {
      log += chunk
    })
    const ended = once(daemon, 'exit')
    await until('the listener runs', () => running() === 1, 15_000)
    daemon.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(log).toContain('listeners stay as they are')
    expect(log).not.toContain('testsecret')
    expect(running()).toBe(1)
  })
})
