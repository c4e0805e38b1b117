// `plan`: what `run` would do now. Reads only. Exit code 0 in sync, 2 changes, 1 error.
import { plain, prettyJson } from '../terminal.ts'
import { type Flags, type Io, setUp } from './io.ts'
import { portLines, problemLines } from './status-text.ts'

type PlanReport = Awaited<ReturnType<Awaited<ReturnType<Io['app']>>['planOnce']>>

export async function plan(flags: Flags, { json }: { readonly json: boolean }, io: Io): Promise<number> {
  const { config, log } = await setUp(io, flags)
  const report = await (await io.app()).planOnce(config, log, io.signal)
  io.out.write(json ? prettyJson(report) : planText(report, io.out.width))
  if (report.loadBalancers.some(({ error }) => error !== '')) return 1
  return report.inSync ? 0 : 2
}

function planText({ loadBalancers, region = [], ports, problems, inSync }: PlanReport, width: number): string {
  const parts = loadBalancers.map(({ name, id, changes, held, error, note = '' }) => [
    plain(name === id ? name : `${name} (${id})`),
    ...(note === '' ? [] : [`  ${plain(note)}`]),
    ...changes.map((line) => `  ${plain(line)}`),
    ...held.map((line) => `  held: ${plain(line)}`),
    ...(error === '' ? [] : [`  error: ${plain(error)}`]),
    ...(changes.length + held.length === 0 && error === '' ? ['  nothing to do'] : []),
  ])
  const shared = region.length === 0 ? [] : ['Certificates and access control lists', ...region.map((line) => `  ${plain(line)}`)]
  const sections = [
    shared,
    ...parts,
    portLines(ports, width),
    problemLines(problems),
    [inSync ? 'In sync.' : summary(loadBalancers, region)],
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function summary(loadBalancers: PlanReport['loadBalancers'], region: readonly string[]): string {
  const count = (of: 'changes' | 'held') => loadBalancers.reduce((sum, one) => sum + one[of].length, 0)
  const failed = loadBalancers.filter(({ error }) => error !== '').length
  const changes = count('changes') + region.length
  return [
    `${changes} change${changes === 1 ? '' : 's'}`,
    ...(count('held') > 0 ? [`${count('held')} held`] : []),
    ...(failed > 0 ? [`${failed} load balancer${failed === 1 ? '' : 's'} with an error`] : []),
  ]
    .join(', ')
    .concat('.')
}
