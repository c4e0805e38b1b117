// `plan --file`: what stack files would expose if they were deployed, for a look before a merge. Needs no engine, and no cloud either.
import { readFileSync } from 'node:fs'
import { publicVariables, readConfig, readSome } from '../config.ts'
import { planStack, type StackPort, type StackReport, type StackTarget } from '../stack/plan.ts'
import { readStack, type StackSource } from '../stack-file.ts'
import { plain, prettyJson } from '../terminal.ts'
import { CommandError, type Flags, type Io, openLog } from './io.ts'

export type PlanFileOptions = {
  readonly files: readonly string[]
  /** Name of the stack, in front of the names of its services; empty: none. */
  readonly stack: string
  readonly json: boolean
  readonly offline: boolean
}

const SETTINGS = ['expose', 'ports', 'defaultBandwidth', 'loadBalancers', 'allow', 'regionId', 'routing', 'logLevel', 'logFormat'] as const

/** 0: nothing is wrong. 1: there are problems. */
export async function planFile(flags: Flags, options: PlanFileOptions, io: Io): Promise<number> {
  const sources = options.files.map(readSource)
  const source = { env: io.env, flags }
  const needed = SETTINGS.filter((key) => key !== 'regionId')
  const { loadBalancers = [], allow, expose, ports, defaultBandwidth, routing, ...output } = readSome(source, needed)
  const stack = readStack(sources, publicVariables(io.env), options.stack)
  const labels = { expose, ports: (ports ?? []).map(({ from, to }) => [from, to] as const), defaultBandwidth, routing }
  const rules = { labels, defaults: loadBalancers }
  // Only where somebody said which load balancers and where they are is there a cloud to ask.
  const hasCloud =
    (loadBalancers.length > 0 || allow !== undefined) &&
    Boolean(flags.regionId ?? io.env['ALIBABA_CLOUD_REGION_ID'] ?? io.env['ECS_REGION'])
  const ground =
    hasCloud && !options.offline
      ? await (await io.app()).readGround(readConfig(source), await openLog(io, output), io.signal).catch((error: unknown) => {
          throw new CommandError(`${error instanceof Error ? error.message : error}; without a look at the cloud: --offline`)
        })
      : undefined
  const report = planStack(stack, rules, ground)
  io.out.write(options.json ? prettyJson(report) : reportText(report))
  return report.problems.length === 0 ? 0 : 1
}

function readSource(path: string): StackSource {
  try {
    return { path: path === '-' ? 'standard input' : path, text: readFileSync(path === '-' ? 0 : path, 'utf8') }
  } catch (err) {
    throw new CommandError(`${path}: ${err instanceof Error ? err.message : err}`)
  }
}

function targetLines({ loadBalancer, listener, options, rules, adopt, now }: StackTarget): readonly string[] {
  const words = [
    ...(rules.length === 0 ? [] : [`only ${rules.join(', ')}`]),
    ...Object.entries(options).map(([name, value]) => `${name} ${value}`),
    ...(adopt ? ['adopt'] : []),
  ]
  return [`    -> ${listener} on ${loadBalancer}${now === undefined ? '' : ` (${now})`}`, ...words.map((word) => `       ${word}`)]
}

function portLines({ port, published, mode, state, reason, targets }: StackPort): readonly string[] {
  const where = `${published === 'allocated' ? 'allocated by Swarm' : `published as ${published}`}${mode === 'host' ? ' on the host' : ''}`
  const head =
    state === 'exposed' ? `  ${port}, ${where}` : `  ${port}, ${where}: ${state === 'frozen' ? 'left as it is' : 'not exposed'}: ${reason}`
  return [head, ...targets.flatMap(targetLines)]
}

function reportText({ ports, problems, offline }: StackReport): string {
  const services = [...new Set(ports.map(({ service }) => service))]
  const parts = services.map((name) => [name, ...ports.filter(({ service }) => service === name).flatMap(portLines)])
  const exposed = ports.filter(({ state }) => state === 'exposed').length
  const counted = `${exposed} of ${ports.length} ports exposed, ${problems.length === 0 ? 'no problems' : `${problems.length} problem${problems.length === 1 ? '' : 's'}`}`
  const sections = [
    ...parts,
    ...(problems.length === 0 ? [] : [['Problems', ...problems.map((text) => `  ${text}`)]]),
    [`${counted}${offline ? '; nothing was compared with the cloud' : ''}.`],
  ]
  return `${sections.map((lines) => lines.map(plain).join('\n')).join('\n\n')}\n`
}
