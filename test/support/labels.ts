// Builders for label tests, and readings as lines that can be compared with a readable list.
import { type LabelRules, portName, readService, type ServiceReading } from '../../src/core/labels.ts'
import type { PublishedPort, Service } from '../../src/core/model.ts'

type Labels = Readonly<Record<string, string>>

/** `80:30000`, `53:53/udp`, `80:` (not allocated), `9100:9100/tcp host` */
export function port(text: string): PublishedPort {
  const [, target, published, transport, host] = /^(\d+):(\d*)(?:\/(tcp|udp|sctp))?( host)?$/.exec(text) ?? []
  if (target === undefined) throw new Error(`no port: ${text}`)
  return {
    target: Number(target),
    published: published === undefined || published === '' ? undefined : Number(published),
    transport: transport === 'udp' || transport === 'sctp' ? transport : 'tcp',
    mode: host === undefined ? 'ingress' : 'host',
  }
}

export const service = (ports: readonly string[], labels: Labels, more: Partial<Service> = {}): Service => ({
  id: 'id-web',
  name: 'web',
  createdAt: '2026-01-01T00:00:00Z',
  labels,
  containerLabels: {},
  ports: ports.map(port),
  settled: true,
  ...more,
})

export const LABELLED: LabelRules = { expose: 'labelled', ports: [], defaultBandwidth: -1 }
export const PUBLISHED: LabelRules = { ...LABELLED, expose: 'published' }

export const read = (ports: readonly string[], labels: Labels, rules: LabelRules = LABELLED): ServiceReading =>
  readService(service(ports, labels), rules)

/** One line a port: `80/tcp http://:8080`, `80/tcp frozen`, `80/tcp unexposed`. */
export const lines = (reading: ServiceReading): string[] =>
  reading.ports.map((one) => {
    if (one.status !== 'wanted') return `${portName(one.port)} ${one.status}`
    const targets = one.targets.map((target) => {
      const flags = `${target.adopt ? ' adopt' : ''}${target.labelled ? '' : ' unlabelled'}`
      return `${target.protocol}://${target.loadBalancer ?? ''}:${target.listenerPort ?? 'pending'}${flags}`
    })
    return `${portName(one.port)} ${targets.join(' ')}`
  })

export const problems = (reading: ServiceReading): string[] => reading.problems.map((problem) => problem.text)
export const reasons = (reading: ServiceReading): string[] => reading.ports.map((one) => (one.status === 'wanted' ? '' : one.reason))
