// Finds the text of each setting (flag, variable, file of a secret) and parses it. Problems are collected, none is thrown.
import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { Secret } from './secret.ts'
import { flagOf, SETTINGS, type Setting, type SettingKey } from './settings.ts'

/** Of a wrong value so much is shown: enough to know it again. */
const LONGEST = 200
const cut = (shown: string, { length }: string): string => (length > LONGEST ? `${shown}… (${length} characters)` : shown)

type Parsed<S extends Setting> = S extends { default: string } | { required: true }
  ? z.output<S['schema']>
  : z.output<S['schema']> | undefined

/** The settings as they were given, each parsed by its own schema. */
export type Settings = { readonly [K in SettingKey]: Parsed<(typeof SETTINGS)[K]> }

export type Source = {
  readonly env: Readonly<Record<string, string | undefined>>
  /** By key of the settings table; a flag goes before every variable. */
  readonly flags: Readonly<Partial<Record<SettingKey, string>>>
  readonly readFile?: (path: string) => string
}

export type Reading<K extends SettingKey> = {
  /** Only to be used where there are no problems: what has one is missing here. */
  readonly settings: Pick<Settings, K>
  /** Where each setting was found: a flag, a variable, or a variable that names a file. */
  readonly from: ReadonlyMap<SettingKey, string>
  readonly problems: readonly string[]
}

type Given = { readonly from: string; readonly text: string; readonly file?: string } | { readonly from: string; readonly problem: string }

export function readSettings<K extends SettingKey>(source: Source, keys: readonly K[]): Reading<K> {
  const problems: string[] = []
  const from = new Map<SettingKey, string>()
  const values: Partial<Record<SettingKey, unknown>> = {}
  for (const key of keys) {
    const setting: Setting = SETTINGS[key]
    const given = find(key, setting, source)
    if (given !== undefined) from.set(key, given.from)
    const result = parse(setting, given)
    if ('problem' in result) problems.push(result.problem)
    else values[key] = result.value
  }
  // The table gives each key its type; what a schema put out cannot be followed by the compiler through the loop.
  return { settings: values as Pick<Settings, K>, from, problems }
}

function parse(setting: Setting, given: Given | undefined): { readonly value: unknown } | { readonly problem: string } {
  if (given !== undefined && 'problem' in given) return given
  const text = given?.text ?? setting.default
  if (text === undefined) return setting.required ? { problem: `${setting.env[0]} is not set: ${setting.help}` } : { value: undefined }
  const result = setting.schema.safeParse(text)
  if (result.success) return { value: result.data instanceof Secret ? new Secret(result.data.reveal(), given?.file) : result.data }
  const reasons = result.error.issues.map((issue) => issue.message).join(', ')
  // A password in a URL is a secret too.
  const shown = setting.secret ? '' : ` is ${cut(JSON.stringify(text.replace(/\/\/[^/]*@/, '//…@').slice(0, LONGEST)), text)}`
  return { problem: `${given?.from ?? setting.env[0]}${shown}: ${reasons}` }
}

/** A flag, else the first variable that is set; an empty variable counts as not set. */
function find(key: SettingKey, setting: Setting, source: Source): Given | undefined {
  const flag = source.flags[key]
  if (flag !== undefined) return { from: flagOf(setting), text: flag }
  for (const name of setting.env) {
    const value = source.env[name]
    const file = setting.secret ? source.env[`${name}_FILE`] : undefined
    if (value && file) return { from: name, problem: `${name} and ${name}_FILE are both set: keep one of them` }
    if (value) return { from: name, text: value }
    if (file) return fromFile(file, `${name}_FILE`, source.readFile ?? ((path) => readFileSync(path, 'utf8')))
  }
  return undefined
}

/** Editors and `echo` end a file with a line break, which is no part of the secret. */
function fromFile(path: string, from: string, readFile: (path: string) => string): Given {
  try {
    const text = readFile(path).trim()
    return text === '' ? { from, problem: `${from}: ${path} is empty` } : { from, text, file: path }
  } catch (err) {
    const code = err instanceof Error && 'code' in err ? String(err.code) : 'unreadable'
    return { from, problem: `${from}: cannot read ${path} (${code})` }
  }
}
