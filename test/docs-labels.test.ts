// docs/labels.md: its table of options is written from the code's table, and its examples work.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Protocol } from '../src/core/model.ts'
import { isOption, LABEL_NAMES, type LabelName, type OptionName, protocolsOf, specOf, wishOf } from '../src/core/options.ts'
import { ruleKey } from '../src/core/rules-label.ts'
import { expectedValue } from '../src/core/values.ts'
import { lines, problems, read } from './support/labels.ts'

const FILE = 'docs/labels.md'
const TABLE = /(<!-- options: [^>]*-->\n)[\s\S]*?(<!-- end of options -->)/

function values(option: OptionName): string {
  const spec = specOf(option)
  const unit = spec.unit === undefined ? '' : ` ${spec.unit}`
  if (spec.type === 'int') return `${spec.min}-${spec.max}${unit}${spec.also === undefined ? '' : ` or ${spec.also.join(', ')}`}`
  if (spec.type === 'text' || spec.type === 'form') return spec.expected
  const words = (list: readonly string[]) => list.map((word) => `\`${word}\``).join(', ')
  if (spec.type === 'set') return `${words(spec.values)}, comma separated`
  if (spec.byProtocol === undefined) return words(spec.values)
  const by = new Map<string, Protocol[]>()
  for (const protocol of spec.protocols) {
    const list = words(spec.byProtocol[protocol] ?? spec.values)
    by.set(list, [...(by.get(list) ?? []), protocol])
  }
  return [...by].map(([list, protocols]) => `${protocols.join(', ')}: ${list}`).join('; ')
}

/** Where the default depends on other things, both answers. */
function defaultOf(option: OptionName): string {
  const { default: given, protocols, ...spec } = specOf(option)
  const shown = (value: string | number | undefined) => {
    const chosen = value === undefined || value === '' || (spec.type === 'int' && value === 0 && spec.min > 0)
    return chosen ? '' : value === Number.MAX_SAFE_INTEGER ? '`SLB_DEFAULT_BANDWIDTH`' : `\`${value}\``
  }
  if (typeof given !== 'function') return shown(given)
  const context = { protocol: protocols.at(-1) ?? 'tcp', defaultBandwidth: Number.MAX_SAFE_INTEGER, given: {} }
  const plain = shown(given(context))
  const others = [
    ['for tcp', shown(given({ ...context, protocol: 'tcp' }))],
    ['with `health-check-uri`', shown(given({ ...context, given: { 'health-check-uri': '/x' } }))],
  ].filter(([, other]) => other !== plain)
  const [first] = others
  return first === undefined ? plain : `${plain}; ${others.map(([when]) => when).join(' and ')} ${first[1]}`
}

function condition(option: OptionName): string {
  const when = specOf(option).when
  if (when === undefined) return ''
  const [name, value] = when
  if (name !== 'health-check') return `\`${name}\` \`${value}\``
  const tcp = value === 'http' && specOf(option).protocols.includes('tcp') ? '; for tcp `health-check-type` `http`' : ''
  return `the health check on${tcp}`
}

function row(name: LabelName): string[] {
  if (isOption(name)) return [values(name), defaultOf(name), protocolsOf(name).join(', '), condition(name), specOf(name).help]
  const { expected, default: given, scopes, help } = wishOf(name)
  const scope = !scopes.includes('target') ? 'a whole port or service' : scopes.includes('service') ? '' : 'a port'
  return [expected, given, protocolsOf(name).join(', '), scope, help]
}

function optionTable(): string {
  const rows = LABEL_NAMES.map((name) => [`\`${name}\``, ...row(name)])
  const all = [['option', 'values', 'default', 'listeners', 'only with', 'meaning'], Array.from({ length: 6 }, () => '---'), ...rows]
  const cells = (cell: string) => cell.replaceAll('|', '\\|').replaceAll('<', '\\<')
  return `${all.map((one) => `| ${one.map(cells).join(' | ')} |`).join('\n')}\n`
}

type HostPort = { readonly target: number; readonly published: number; readonly mode: 'host' }
type Example = {
  readonly services: Readonly<
    Record<string, { readonly ports: readonly (string | HostPort)[]; readonly deploy: { readonly labels: Record<string, string> } }>
  >
}

const examples = [...readFileSync(FILE, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map((match): Example => parse(match[1] ?? ''))

/** `53:53/udp` of a stack file has the published port first. */
const published = (text: string | HostPort): string => {
  if (typeof text !== 'string') return `${text.target}:${text.published} ${text.mode}`
  const [, first, second, transport] = /^(\d+)(?::(\d+))?(\/\w+)?$/.exec(text) ?? []
  return second === undefined ? `${first}:30000${transport ?? ''}` : `${second}:${first}${transport ?? ''}`
}

describe('docs/labels.md', () => {
  test('has the options as they are in the code', async () => {
    const text = readFileSync(FILE, 'utf8')
    expect(text).toMatch(TABLE)
    await expect(text.replace(TABLE, (_, open: string, close: string) => `${open}${optionTable()}${close}`)).toMatchFileSnapshot(
      `../${FILE}`,
    )
  })

  test('says of every option what it expects', () => {
    for (const name of LABEL_NAMES) expect(`${row(name)[0]} ${expectedValue(name)}`.trim()).not.toBe('')
    expect(optionTable().split('\n')).toHaveLength(LABEL_NAMES.length + 3)
  })

  test('has examples that work', () => {
    const readings = examples
      .flatMap(({ services }) => Object.values(services))
      .map(({ ports, deploy }) => read(ports.map(published), deploy.labels))
    expect(readings.flatMap(problems)).toEqual([])
    expect(readings.flatMap(lines)).toEqual([
      '80/tcp http://my-slb:8080',
      '53/tcp tcp://public:53 tcp://internal:53',
      '53/udp udp://:53',
      '80/tcp http://internal:80',
      '80/tcp http://:80',
      '8000/tcp https://:443 http://:80',
      '8000/tcp http://:80',
      '8000/tcp http://:80',
      '8000/tcp http://:80',
      '8080/tcp http://public:8080 http://internal:8080',
      '80/tcp http://:8080',
    ])
    const targets = readings.flatMap(({ ports }) => ports).flatMap((one) => (one.status === 'wanted' ? one.targets : []))
    expect(targets.flatMap(({ settings }) => settings['forward-port'] ?? [])).toEqual([443])
    expect(targets.flatMap(({ rules }) => rules.map(ruleKey))).toEqual([
      'shop.example.com/',
      'www.example.com/shop',
      '*.blog.example.com/',
      '/blog',
    ])
    expect(targets.flatMap(({ access }) => access ?? [])).toEqual([
      { kind: 'allow', entries: ['198.51.100.0/24', '203.0.113.7/32'] },
      { kind: 'deny', entries: ['10.9.0.0/16'] },
    ])
    expect(targets.filter(({ nodes, weights }) => nodes.length === 2 && weights === 'kept')).toHaveLength(1)
  })
})
