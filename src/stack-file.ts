// Stack files that are not deployed: the services they would make, as Swarm would show them. Only ports and labels are read, and only
// variables in those count: docker itself checks the rest.
import { LineCounter, parseDocument } from 'yaml'
import type { PublishedPort, Service } from './core/model.ts'
import { type Env, fillIn } from './stack/interpolate.ts'
import { readPorts } from './stack/ports.ts'

export type StackSource = { readonly path: string; readonly text: string }

export type Stack = {
  readonly services: readonly Service[]
  readonly problems: readonly string[]
  /** Variables that are set nowhere and have no default. */
  readonly unset: readonly string[]
}

type Reader = { readonly env: Env; readonly unset: Set<string>; readonly problems: string[] }
type Tree = Readonly<Record<string, unknown>>

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Text with its variables filled in; everything else as it is. */
function filled(value: unknown, at: string, reader: Reader): unknown {
  if (typeof value === 'string') {
    const result = fillIn(value, reader.env)
    if ('problem' in result) reader.problems.push(`${at}: ${result.problem}`)
    else for (const name of result.unset) reader.unset.add(name)
    return 'problem' in result ? '' : result.text
  }
  if (Array.isArray(value)) return value.map((item, i) => filled(item, `${at}[${i}]`, reader))
  return isTree(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner, `${at}.${key}`, reader)]))
    : value
}

const textOf = (value: unknown) => (value === null || value === undefined ? '' : String(value))

/** A map, or a list of `key=value`. */
function readLabels(value: unknown, at: string, problems: string[]): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {}
  if (isTree(value)) return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, textOf(text)]))
  if (Array.isArray(value)) {
    return Object.fromEntries(
      value.map((item) => {
        const [key = '', ...rest] = textOf(item).split('=')
        return [key, rest.join('=')]
      }),
    )
  }
  problems.push(`${at}: expected a map or a list of key=value`)
  return {}
}

function portsOf(value: unknown, at: string, problems: string[]): readonly PublishedPort[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    problems.push(`${at}: expected a list`)
    return []
  }
  return value.flatMap((entry, i) => {
    const read = readPorts(entry)
    if ('ports' in read) return read.ports
    problems.push(`${at}[${i}]: ${read.problem}`)
    return []
  })
}

type Part = Pick<Service, 'labels' | 'containerLabels' | 'ports'>

function readService(name: string, value: unknown, reader: Reader): Part {
  const { problems } = reader
  const at = `services.${name}`
  if (!isTree(value)) {
    problems.push(`${at}: expected a map`)
    return { labels: {}, containerLabels: {}, ports: [] }
  }
  const deploy = isTree(value['deploy']) ? value['deploy'] : {}
  const fill = (part: unknown, where: string) => filled(part, `${at}.${where}`, reader)
  const ports = portsOf(fill(value['ports'], 'ports'), `${at}.ports`, problems)
  if (deploy['endpoint_mode'] === 'dnsrr' && ports.some(({ mode }) => mode === 'ingress'))
    problems.push(`${at}: endpoint_mode dnsrr has no ingress ports; publish them in host mode`)
  return {
    labels: readLabels(fill(deploy['labels'], 'deploy.labels'), `${at}.deploy.labels`, problems),
    containerLabels: readLabels(fill(value['labels'], 'labels'), `${at}.labels`, problems),
    ports,
  }
}

/** Brackets that nest deeper are nobody's stack file, and take the parser seconds. */
const DEEPEST = 100

function isTooDeep(text: string): boolean {
  let depth = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1)
    if (depth > DEEPEST) return true
  }
  return false
}

/** The library keeps every mistake, ten thousand of them for as many commas. A stack for each would take it nine tenths of its time. */
function parsed(text: string, lineCounter: LineCounter) {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return parseDocument(text, { merge: true, logLevel: 'error', prettyErrors: false, lineCounter })
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Aliases are followed only when values are asked for: one that leads nowhere, or round in circles, is found then. */
function treeOf(text: string): { readonly tree: unknown } | { readonly problem: string } {
  const problemOf = (error: unknown) => ({ problem: (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '' })
  if (isTooDeep(text)) return { problem: `brackets nest more than ${DEEPEST} deep` }
  try {
    const lines = new LineCounter()
    const document = parsed(text, lines)
    const [error] = document.errors
    if (error === undefined) return { tree: document.toJS({ maxAliasCount: 1000 }) }
    const { line, col } = lines.linePos(error.pos[0])
    return { problem: `${error.message} at line ${line}, column ${col}` }
  } catch (error) {
    return problemOf(error)
  }
}

function readOne({ path, text }: StackSource, env: Env): { services: ReadonlyMap<string, Part>; problems: string[]; unset: Set<string> } {
  const reader: Reader = { env, unset: new Set(), problems: [] }
  const read = treeOf(text)
  if ('problem' in read) return { services: new Map(), problems: [`${path}: ${read.problem}`], unset: reader.unset }
  const { tree } = read
  const listed = isTree(tree) ? tree['services'] : undefined
  if (!isTree(listed)) return { services: new Map(), problems: [`${path}: no services`], unset: reader.unset }
  const services = new Map(Object.entries(listed).map(([name, value]) => [name, readService(name, value, reader)]))
  return { services, problems: reader.problems.map((problem) => `${path}: ${problem}`), unset: reader.unset }
}

/** A later file adds to the ones before, and goes before them where both say something. */
function merge(before: Part | undefined, part: Part): Part {
  if (before === undefined) return part
  const said = new Set(part.ports.map(({ target, published, transport }) => published ?? `${target}/${transport}`))
  const kept = before.ports.filter(({ target, published, transport }) => !said.has(published ?? `${target}/${transport}`))
  return {
    labels: { ...before.labels, ...part.labels },
    containerLabels: { ...before.containerLabels, ...part.containerLabels },
    ports: [...kept, ...part.ports],
  }
}

/** Services in the order of the files: where age decides, the first one is the oldest. */
export function readStack(sources: readonly StackSource[], env: Env, stack: string): Stack {
  const parts = new Map<string, Part>()
  const problems: string[] = []
  const unset = new Set<string>()
  for (const source of sources) {
    const one = readOne(source, env)
    problems.push(...one.problems)
    for (const name of one.unset) unset.add(name)
    for (const [name, part] of one.services) parts.set(name, merge(parts.get(name), part))
  }
  const services = [...parts].map(([name, part], i): Service => {
    const full = stack === '' ? name : `${stack}_${name}`
    return { id: full, name: full, createdAt: `0000-01-01T00:00:00.${String(i).padStart(9, '0')}Z`, settled: true, ...part }
  })
  return { services, problems, unset: [...unset].toSorted() }
}
