// What reading labels finds wrong, and which ports that freezes. A finding that freezes nothing is a note.
import type { Problem, PublishedPort, Service, Transport } from './model.ts'

export type Finding = {
  readonly kind: 'label' | 'port'
  readonly text: string
  /** The container port it is about (`80/tcp`), where there is one. */
  readonly port?: string
  /** `service`: every port of it. */
  readonly freezes: 'service' | readonly PublishedPort[]
}

/** Labels are hostile input: a service does not get more problems than somebody reads. */
const MOST = 50

export const portName = (port: { readonly target: number; readonly transport: string }): string => `${port.target}/${port.transport}`

export const portList = (ports: readonly PublishedPort[]): string => [...new Set(ports.map(portName))].join(', ')

/** What to add so that a port is exposed. */
export function advice(port: PublishedPort, ports: readonly PublishedPort[]): string {
  const transport: Transport = port.transport === 'udp' ? 'udp' : 'tcp'
  const both = ports.some((other) => other.target === port.target && other.transport !== port.transport)
  return `add the label slb.port.${port.target}${both ? `/${transport}` : ''}: ${transport}://:${port.target}`
}

export const note = (text: string, port?: PublishedPort): Finding => ({
  kind: 'label',
  text,
  freezes: [],
  ...(port === undefined ? {} : { port: portName(port) }),
})

/** A label's fault that leaves these ports as they are. */
export function fault(text: string, freezes: Finding['freezes']): Finding {
  const [first] = freezes === 'service' ? [] : freezes
  return { kind: 'label', text, freezes, ...(first === undefined ? {} : { port: portName(first) }) }
}

/** Why this port is frozen, or undefined. */
export const freezing = (findings: readonly Finding[], port: PublishedPort): Finding | undefined =>
  findings.find(({ freezes }) => freezes === 'service' || freezes.includes(port))

export function toProblems(service: Service, findings: readonly Finding[]): readonly Problem[] {
  const problem = ({ kind, text, port }: Finding): Problem => ({
    kind,
    subject: service.name,
    text,
    ...(port === undefined ? {} : { port }),
  })
  const texts = new Map(findings.map((finding) => [`${finding.port} ${finding.text}`, finding]))
  const shown = [...texts.values()].slice(0, MOST).map(problem)
  const left = texts.size - shown.length
  return left === 0 ? shown : [...shown, { kind: 'label', subject: service.name, text: `and ${left} more problems of its labels` }]
}
