// What a command may touch: handed in, so that a command can be run in a test as it runs in a terminal.

import type { Settings, Source } from '../config/read.ts'
import { SETTING_KEYS, SETTINGS } from '../config/settings.ts'
import type { Config } from '../config.ts'
import { ConfigError, readConfig, unknownVariables } from '../config.ts'
import { nearest } from '../core/nearest.ts'
import { createLog, type Logger } from '../log.ts'
import { plain } from '../terminal.ts'

export type Output = {
  readonly isTerminal: boolean
  /** Columns of the terminal; Infinity where it is none. */
  readonly width: number
  readonly write: (text: string) => void
}

export type App = Pick<
  typeof import('../app.ts'),
  'runDaemon' | 'planOnce' | 'readStatus' | 'cleanUp' | 'takeOver' | 'exportOnce' | 'moveOnce' | 'readGround'
>

export type Io = {
  readonly env: Source['env']
  readonly out: Output
  readonly err: Output
  readonly signal: AbortSignal
  /** Loaded when a command needs it: the engine and cloud clients take most of the time that a start takes. */
  readonly app: () => Promise<App>
}

export type Flags = Source['flags']

/** Ends a command with a message of one line, without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** @throws ConfigError */
export async function setUp(io: Io, flags: Flags): Promise<{ readonly config: Config; readonly log: Logger }> {
  const config = readConfig({ env: io.env, flags })
  const { id, secret, token } = config.accessKey ?? {}
  const log = await openLog(
    io,
    config,
    [id, secret, token].filter((value) => value !== undefined),
  )
  for (const { variable, meant } of misspelt(io.env)) log.warn({ variable, ...(meant && { meant }) }, 'not a setting: misspelt?')
  return { config, log }
}

const misspelt = (env: Io['env']) =>
  unknownVariables(env).map((variable) => ({
    variable,
    meant: nearest(
      variable,
      SETTING_KEYS.map((key) => SETTINGS[key].env[0]),
    ),
  }))

export function openLog(
  io: Io,
  settings: Pick<Settings, 'logLevel' | 'logFormat'>,
  secrets: Parameters<typeof createLog>[0]['secrets'] = [],
): Promise<Logger> {
  return createLog({
    level: settings.logLevel,
    format: settings.logFormat ?? (io.err.isTerminal ? 'text' : 'json'),
    colour: io.err.isTerminal && !io.env['NO_COLOR'],
    secrets,
    write: io.err.write,
  })
}

/** 78 for bad configuration, 130 after an interruption, else 1. */
export function report(err: unknown, io: Io): number {
  if (err instanceof ConfigError) {
    const unknown = misspelt(io.env).map(
      ({ variable, meant }) => `${variable} is not a setting${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    )
    io.err.write(`swarm-slb: bad configuration\n${[...err.problems, ...unknown].map((problem) => `  ${plain(problem)}\n`).join('')}`)
    return err.exitCode
  }
  if (io.signal.aborted) {
    io.err.write('swarm-slb: interrupted\n')
    return 130
  }
  io.err.write(`swarm-slb: ${plain(err instanceof Error ? err.message : String(err))}\n`)
  return 1
}
