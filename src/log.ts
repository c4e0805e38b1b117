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
  const values = options.secrets.map((secret) => secret.reveal())
  const stream: DestinationStream = {
    write: (line) => options.write(format(values.reduce((text, value) => text.replaceAll(value, '[secret]'), line))),
  }
  return pino(
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
}

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
