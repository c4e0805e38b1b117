// Descriptions for the data plane, as the control plane would hand them over. Plain data: usable outside a test runner, too.
import type { PlaneBackend, PlaneGroup, PlaneHealthCheck, PlaneListener } from '../../../src/simulator/plane.ts'

/** A loopback address of its own for each call, so that tests can run side by side. */
export const freshAddress = (): string => `127.${pick(20, 120)}.${pick(0, 255)}.${pick(1, 254)}`
const pick = (from: number, to: number) => from + Math.floor(Math.random() * (to - from + 1))

export const weigh = (backend: PlaneBackend, weight: number): PlaneBackend => ({ ...backend, weight })

export const group = (backends: readonly PlaneBackend[], more: Partial<PlaneGroup> = {}): PlaneGroup => ({
  scheduler: 'wrr',
  sticky: { kind: 'off' },
  check: undefined,
  backends,
  ...more,
})

export const check = (more: Partial<PlaneHealthCheck> = {}): PlaneHealthCheck => ({
  type: 'tcp',
  intervalMs: 20,
  timeoutMs: 100,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
  port: undefined,
  uri: '/',
  domain: '',
  method: 'HEAD',
  codes: ['http_2xx'],
  request: '',
  expect: '',
  ...more,
})

export const listener = (protocol: PlaneListener['protocol'], group: PlaneGroup, more: Partial<PlaneListener> = {}): PlaneListener => ({
  loadBalancerId: 'lb-1',
  address: freshAddress(),
  port: 8080,
  protocol,
  running: true,
  group,
  rules: [],
  redirectTo: undefined,
  persistenceMs: 0,
  idleTimeoutMs: 15_000,
  requestTimeoutMs: 60_000,
  headers: { for: true, proto: false, slbId: false, slbIp: false, slbPort: false, clientPort: false },
  access: [],
  clientAuthority: undefined,
  certificate: undefined,
  extensions: [],
  ...more,
})
