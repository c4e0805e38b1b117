// The status page as text.
import type { PausedRow, StatusPage, StatusRow } from '../board.ts'
import type { Problem } from '../core/model.ts'
import { plain } from '../terminal.ts'
import { type Column, table } from './table.ts'

const firm = (title: string): Column => ({ title, firm: true })
const REASON: Column = { title: 'REASON', note: true }

const LOAD_BALANCERS = [{ title: 'LOAD BALANCER' }, { title: 'ID' }, firm('ADDRESS'), firm('STATE'), firm('OUR LISTENERS'), REASON]
const PORTS = [
  { title: 'SERVICE' },
  firm('PORT'),
  { title: 'LOAD BALANCER' },
  firm('LISTENER'),
  firm('ADDRESS'),
  firm('STATE'),
  firm('HEALTHY'),
  REASON,
]

/** `width` in columns, `now` in milliseconds since 1970. */
export function statusText(page: StatusPage, width: number, now: number): string {
  const sections = [
    [headline(page, now)],
    ...(page.paused ?? []).map(pauseLines),
    loadBalancers(page, width),
    portLines(page.ports, width),
    problemLines(page.problems),
    heldLines(page, now),
    listed('Changed by hand, left as it is', page.drift),
    listed('Certificates and access control lists, still to be done', page.region ?? []),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** A standby's proof; nothing where nobody looked. */
function takeover(readyToLead: StatusPage['readyToLead']): string {
  if (readyToLead === undefined) return ''
  return readyToLead.ok ? 'ready to take over' : `NOT ready to take over: ${readyToLead.reason}`
}

function headline({ version, node, role, leader, reason, lastPass, readyToLead }: StatusPage, now: number): string {
  const where = node.hostname === '' ? '' : ` on ${node.hostname}`
  const part = role === 'standby' ? `standby, the leader is ${leader === '' ? 'not known' : leader}` : role
  // A page without a daemon has its reason, and never a pass.
  const nothing = reason === '' ? 'no pass yet' : ''
  const pass = lastPass === undefined ? nothing : `last pass ${span(lastPass.at, now)} ago ${lastPass.ok ? 'ok' : 'failed'}`
  return plain(
    `swarm-slb ${version}${where}: ${[part, role === 'standby' ? takeover(readyToLead) : '', reason, pass].filter((text) => text !== '').join('; ')}`,
  )
}

function span(at: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000))
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

/** What it keeps back, and loudest what should have been closed at once. */
function pauseLines({ loadBalancer, text, waiting, astray }: PausedRow): readonly string[] {
  const where = loadBalancer === '*' ? 'every load balancer' : loadBalancer
  return [
    plain(`PAUSED: ${where} ${text}`),
    ...astray.map((listener) =>
      plain(`  DANGER: ${listener} leads to a port of another service now, and is not stopped because of the pause`),
    ),
    ...waiting.map((line) => plain(`  waits: ${line}`)),
  ]
}

function loadBalancers({ loadBalancers }: StatusPage, width: number): readonly string[] {
  if (loadBalancers.length === 0) return []
  const rows = loadBalancers.map(({ name, id, address, state, listeners, owned, reason }) => [
    name,
    id,
    address,
    state,
    `${owned} of ${listeners}`,
    reason,
  ])
  return table(LOAD_BALANCERS, rows, width)
}

export function portLines(ports: readonly StatusRow[], width: number): readonly string[] {
  if (ports.length === 0) return ['No service publishes a port.']
  const rows = ports.map((row) => [
    row.service,
    row.port,
    row.loadBalancer,
    row.listener,
    row.address,
    row.state,
    row.backends === undefined ? '' : `${row.backends.healthy}/${row.backends.total}`,
    row.reason,
  ])
  return table(PORTS, rows, width)
}

export const problemLines = (problems: readonly Problem[]): readonly string[] =>
  listed(
    'Problems',
    problems.map(({ kind, subject, port, text }) => `${kind} ${subject}${port === undefined ? '' : ` ${port}`}: ${text}`),
  )

function heldLines({ held }: StatusPage, now: number): readonly string[] {
  const lines = held.deletes.map((one) => `${one.loadBalancer} ${one.listener} of ${one.service}, wanted for ${span(one.since, now)}`)
  return listed(`Deletes that are held${held.reason === '' ? '' : ` (${held.reason})`}; swarm-slb approve releases them`, lines)
}

const listed = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [plain(title), ...lines.map((line) => `  ${plain(line)}`)]
