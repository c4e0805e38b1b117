// The command line. Options come from the settings table; a command's code is loaded when the command is called.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { defaultOf, flagOf, GROUPS, SETTING_KEYS, SETTINGS, type Setting, type SettingKey } from '../config/settings.ts'
import { plain } from '../terminal.ts'
import { VERSION } from '../version.ts'
import type { Flags, Io } from './io.ts'
import { report } from './io.ts'

/** Code of a command line that is not understood; not 2, which a plan has for changes. */
const USAGE = 1

type Given = Readonly<Record<string, unknown>>
type Action = (flags: Flags, given: Given, args: readonly unknown[], io: Io) => Promise<number>

/** Runs the command that the arguments name; answers with the exit code and never throws. */
export async function runCommand(args: readonly string[], io: Io): Promise<number> {
  let code = 0
  const program = createProgram(io, (result) => {
    code = result
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (err) {
    if (!(err instanceof CommanderError)) return report(err, io)
    return err.code === 'commander.helpDisplayed' || err.code === 'commander.version' ? 0 : USAGE
  }
}

function createProgram(io: Io, done: (code: number) => void): Command {
  const program = new Command('swarm-slb')
    .description('Keeps Alibaba Cloud load balancers in step with the published ports of a Docker Swarm.')
    .version(VERSION)
    .helpCommand(false)
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: io.out.write,
      writeErr: io.err.write,
      getOutHelpWidth: () => Math.min(io.out.width, 140),
      getErrHelpWidth: () => Math.min(io.err.width, 140),
      // What follows = may be a secret that was meant for the environment.
      outputError: (text, write) => write(plainLines(text.replace(/('--[^='\s]+)=[^']*'/, "$1'"))),
    })
  const add = (name: string, summary: string, keys: readonly SettingKey[], action: Action): Command => {
    const command = program.command(name).description(summary).allowExcessArguments(false)
    for (const group of GROUPS) for (const key of keys) addSetting(command, key, group)
    const note = secretNote(keys)
    if (note !== '') command.addHelpText('after', note)
    return command.action(async (...all: unknown[]) => {
      const given: Given = command.opts()
      done(await action(flagsOf(keys, command), given, all.slice(0, -2), io))
    })
  }
  addCommands(add)
  return program
}

type Add = (name: string, summary: string, keys: readonly SettingKey[], action: Action) => Command

function addCommands(add: Add): void {
  const local: readonly SettingKey[] = ['socket', 'httpAddr']
  const json = new Option('--json', 'print JSON')
  const yes = (what: string) => new Option('--yes', what)
  add('run', 'watch the swarm and keep the load balancers in step', SETTING_KEYS, async (flags, _, __, io) =>
    (await import('./run.ts')).run(flags, io),
  )
  addPlan(add, json)
  add('status', 'show what is exposed where, and why something is not', SETTING_KEYS, async (flags, given, _, io) =>
    (await import('./status.ts')).status(flags, { json: given['json'] === true }, io),
  ).addOption(json)
  add('approve', 'show the deletes that are held, and release them', ['socket'], async (flags, given, [hash], io) =>
    (await import('./approve.ts')).approve(flags, { hash: typeof hash === 'string' ? hash : undefined, yes: given['yes'] === true }, io),
  )
    .argument('[hash]', 'only if this is still what is held')
    .addOption(yes('release what is shown'))
  add('cleanup', 'show all that carries the mark of this swarm, and remove it', SETTING_KEYS, async (flags, given, _, io) =>
    (await import('./cleanup.ts')).cleanup(flags, { yes: given['yes'] === true }, io),
  ).addOption(yes('remove it'))
  addTakeover(add)
  addMigration(add)
  add('healthcheck', 'ask the daemon on this machine whether it is alive and of use', local, async (flags, _, __, io) =>
    (await import('./healthcheck.ts')).healthcheck(flags, io),
  )
  addSimulate(add)
}

function addPlan(add: Add, json: Option): void {
  const plan: Action = async (flags, given, _, io) => {
    const files = Array.isArray(given['file']) ? given['file'].map(String) : []
    const options = { json: given['json'] === true, offline: given['offline'] === true }
    if (files.length === 0) return (await import('./plan.ts')).plan(flags, options, io)
    const stack = typeof given['stack'] === 'string' ? given['stack'] : ''
    return (await import('./plan-file.ts')).planFile(flags, { files, stack, ...options }, io)
  }
  add('plan', 'show what run would do; 0: in sync, 2: changes, 1: error. With --file: 0: fine, 1: problems', SETTING_KEYS, plan)
    .addOption(json)
    .addOption(
      new Option('-f, --file <FILE...>', 'stack files that are not deployed yet, - for standard input: show what they would expose'),
    )
    .addOption(new Option('--stack <NAME>', 'with --file: the name that the stack will have'))
    .addOption(new Option('--offline', 'with --file: do not look at the cloud'))
}

function addTakeover(add: Add): void {
  const takeover: Action = async (flags, given, _, io) => {
    const options = { from: String(given['from']), yes: given['yes'] === true, force: given['force'] === true }
    return (await import('./takeover.ts')).takeover(flags, options, io)
  }
  add('takeover', "make what an earlier swarm or owner left this swarm's; shows what that is", SETTING_KEYS, takeover)
    .addOption(new Option('--from <OWNER>', 'the owner before: what the tag swarm-slb:<owner> names').makeOptionMandatory())
    .addOption(new Option('--yes', 'do it'))
    .addOption(new Option('--force', 'even if the other swarm seems to be alive'))
}

function addMigration(add: Add): void {
  const text = (arg: unknown) => (typeof arg === 'string' ? arg : '')
  const exported: Action = async (flags, given, [ref], io) =>
    (await import('./export.ts')).exportCommand(flags, { ref: text(ref), terraform: given['terraform'] === true }, io)
  add('export', 'print what is on a load balancer, whoever made it, as labels', SETTING_KEYS, exported)
    .argument('<load-balancer>', 'its name or id')
    .addOption(new Option('--terraform', 'as resources of Terraform, with import blocks'))
  const moved: Action = async (flags, given, [from, to], io) => {
    const step = given['cancel'] === true ? 'cancel' : given['withdraw'] === true ? 'withdraw' : 'begin'
    return (await import('./move.ts')).move(flags, { from: text(from), to: text(to), step, yes: given['yes'] === true }, io)
  }
  add('move', 'have everything of one load balancer on another one too, and then only there', SETTING_KEYS, moved)
    .argument('<old>', 'name or id of the load balancer it is on')
    .argument('<new>', 'name or id of the one it goes to, which must be in SLB_ID or SLB_ALLOW')
    .addOption(new Option('--withdraw', 'the second step: take it off the old one, when all is up and healthy on the new one'))
    .addOption(new Option('--cancel', 'call it off, or end it').conflicts('withdraw'))
    .addOption(new Option('--yes', 'do it'))
}

function addSimulate(add: Add): void {
  const simulate: Action = async (flags, given, _, io) => (await import('./simulate.ts')).simulate(flags, given, io)
  add('simulate', 'run a stand-in for the cloud, with load balancers that really forward', ['logLevel', 'logFormat'], simulate)
    .option('--state <FILE>', 'JSON file that says what exists (default: one load balancer, my-slb)')
    .option('--save <FILE>', 'write what exists to this file at the end')
    .option('--host <ADDR>', 'where its three ports listen', '127.0.0.1')
    .option('--api-port <PORT>', 'CLB and ECS API; 0: any', portNumber, 9780)
    .option('--control-port <PORT>', 'its own control port; 0: any', portNumber, 9781)
    .option('--metadata-port <PORT>', 'instance metadata; 0: any', portNumber, 9782)
    .option('--latency <MS>', 'every call takes this long', wholeNumber(3_600_000), 0)
    .option('--instance <ID=ADDRESS...>', 'an instance that exists: a node of the swarm by its address')
    .option('--no-data-plane', 'listeners accept no connections')
}

function addSetting(command: Command, key: SettingKey, group: string): void {
  const setting: Setting = SETTINGS[key]
  if (setting.group !== group || setting.secret) return
  const flag = setting.value === undefined ? flagOf(setting) : `${flagOf(setting)} <${setting.value}>`
  command.addOption(
    new Option(flag, `${setting.help} (${setting.required ? '' : 'default: '}${defaultOf(setting)})`).helpGroup(`${group}:`),
  )
}

const attributeOf = (setting: Setting): string => new Option(flagOf(setting)).attributeName()

function flagsOf(keys: readonly SettingKey[], command: Command): Flags {
  const given = keys.flatMap((key) => {
    const value: unknown = command.getOptionValue(attributeOf(SETTINGS[key]))
    return value === undefined ? [] : [[key, String(value)] as const]
  })
  return Object.fromEntries(given)
}

function secretNote(keys: readonly SettingKey[]): string {
  if (keys.length === 0) return ''
  const secrets = keys.flatMap((key) => ('secret' in SETTINGS[key] ? [SETTINGS[key].env[0]] : []))
  const lines = ['', 'Each option is also an environment variable: --slb-http-addr is SLB_HTTP_ADDR. A flag goes first.']
  if (secrets.length > 0) lines.push(`Secrets have no flag: ${secrets.join(', ')}, or a file named in NAME_FILE.`)
  return lines.join('\n')
}

const wholeNumber = (max: number) => (text: string) => {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value <= max) return value
  throw new InvalidArgumentError(`Expected a number from 0 to ${max}.`)
}
const portNumber = wholeNumber(65535)

const plainLines = (text: string) => text.split('\n').map(plain).join('\n')
