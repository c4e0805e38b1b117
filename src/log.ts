// The log: text for a terminal, JSON lines otherwise, on standard error (standard output is for what a command was asked for).
// No secret and no control character gets through it, whoever logs them.
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import type { Secret } from './config/secret.ts'
import { escapeJson, visible } from './terminal.ts'

export type { Logger } from 'pino'

export type LogOptions = {
  readonly level: string
  readonly format: 'text' | 'json'
  readonly colour: boolean
  /** Their values are struck out wherever they turn up. */
  readonly secrets: readonly Secret[]
  readonly write: (text: string) => void
}

/** Fields that hold a secret by their name. Temporary credentials come from the cloud and are in no configuration. */
const SECRET_FIELDS = [
  'accessKeyId',
  'accessKeySecret',
  'securityToken',
  'AccessKeyId',
  'AccessKeySecret',
  'SecurityToken',
  'Signature',
  'authorization',
]

export async function createLog(options: LogOptions): Promise<Logger> {
  const format = options.format === 'text' ? await textFormat(options.colour) : escapeJson
  const hidden = new Set<string>()
  const stream: DestinationStream = {
    write: (line) => options.write(format([...hidden].reduce((text, value) => text.replaceAll(value, '[secret]'), line))),
  }
  const also = (values: readonly string[]) => {
    for (const value of values) {
      hidden.delete(value)
      if (value !== '') hidden.add(value)
    }
    for (const old of [...hidden].slice(0, -MOST_HIDDEN)) hidden.delete(old)
  }
  also(options.secrets.map((secret) => secret.reveal()))
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'message',
      errorKey: 'err',
      formatters: { level: (level) => ({ level }) },
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[secret]' },
    },
    stream,
  )
  return Object.assign(log, { hide: also })
}

/** Keys of some days: sessions of a role end within hours, and what was replaced is of no use any more. */
const MOST_HIDDEN = 300

/** Loggers of other makes have nothing to hide; children have what their parent has. */
type Hiding = { readonly hide?: (values: readonly string[]) => void }

/** From now on these are struck out too, wherever they turn up: keys that were replaced on disk, sessions of a role. */
export const hide = (log: Logger & Hiding, values: readonly string[]): void => log.hide?.(values)

/** pino-pretty is loaded only where text is wanted: in a container nobody waits for it. */
async function textFormat(colour: boolean): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({
    colorize: colour,
    messageKey: 'message',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    levelFirst: false,
  })
  return (line) => pretty(visible(JSON.parse(line)))
}
