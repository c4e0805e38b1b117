// The settings as Markdown tables, for README.md and docs/configuration.md.
import { defaultOf, flagOf, GROUPS, SETTING_KEYS, SETTINGS, type Setting } from '../../src/config/settings.ts'

const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
const code = (text: string) => `\`${text}\``

export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...rows].map(row).join('\n')

const settings: readonly Setting[] = SETTING_KEYS.map((key) => SETTINGS[key])

/** A default that can be written as a value, as code; words as words. */
function shownDefault(setting: Setting): string {
  if (setting.required) return 'required'
  return setting.otherwise === undefined && setting.default !== '' ? code(defaultOf(setting)) : defaultOf(setting)
}

function names(setting: Setting): string {
  const [first, ...others] = setting.env
  const also = others.length === 0 ? '' : `, else ${others.map(code).join(', ')}`
  return `${code(first)}${setting.secret ? ` or ${code(`${first}_FILE`)}` : ''}${also}`
}

/** One table a group, with flags. */
export const groupTables = (): string =>
  GROUPS.map((group) => {
    const rows = settings
      .filter((setting) => setting.group === group)
      .map((setting) => [names(setting), setting.secret ? 'none' : code(flagOf(setting)), shownDefault(setting), setting.help])
    return `### ${group}\n\n${table(['variable', 'flag', 'default', 'meaning'], rows)}\n`
  }).join('\n')

/** All in one, without flags. */
export const settingsTable = (): string =>
  `${table(
    ['variable', 'default', 'meaning'],
    GROUPS.flatMap((group) => settings.filter((setting) => setting.group === group)).map((setting) => [
      code(setting.env[0]),
      shownDefault(setting),
      setting.help,
    ]),
  )}\n`
