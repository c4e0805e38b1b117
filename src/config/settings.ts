// The table of settings. Environment variables, flags, --help, the type of the configuration and the documentation all come from it.
import type { z } from 'zod'
import { BEHAVIOUR } from './behaviour.ts'
import { CONNECTIONS } from './connections.ts'

/** In the order of --help and of the documentation. */
export const GROUPS = ['Load balancers', 'What is exposed', 'Safety', 'Timing', 'Alibaba Cloud', 'Docker', 'Output'] as const

export type Setting = {
  /** The variable, then the names that are read where it is not set. */
  readonly env: readonly [string, ...string[]]
  readonly group: (typeof GROUPS)[number]
  readonly schema: z.ZodType<unknown, string>
  /** As one would write it: read like any other value. */
  readonly default?: string
  /** Stands for the default in help and documentation where there is no fixed one. */
  readonly otherwise?: string
  readonly required?: true
  /** Never a flag; may also be given as the name of a file in NAME_FILE. */
  readonly secret?: true
  /** What --help shows for the value; a setting without it is a switch. */
  readonly value?: string
  readonly help: string
}

export const SETTINGS = { ...BEHAVIOUR, ...CONNECTIONS } as const satisfies Record<string, Setting>

export type SettingKey = keyof typeof SETTINGS

export const SETTING_KEYS: readonly SettingKey[] = Object.keys(SETTINGS).filter((key): key is SettingKey => key in SETTINGS)

/** `--slb-id` for SLB_ID. Secrets have no flag: everybody can read a process list. */
export const flagOf = (setting: Setting): string => `--${setting.env[0].toLowerCase().replaceAll('_', '-')}`

/** What holds where a setting is not given, in words. */
export const defaultOf = (setting: Setting): string => setting.otherwise ?? (setting.default === '' ? 'no' : (setting.default ?? ''))
