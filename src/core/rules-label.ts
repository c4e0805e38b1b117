// `slb.port.80.rules`: the requests of an http or https listener that are for this service, by host and path.
import { parseDomain } from './domains.ts'
import type { Parsed } from './grammar.ts'
import type { RuleWish } from './model.ts'
import { quote } from './quote.ts'

export const RULES_FORM = '[host][/path] between semicolons, such as shop.example.com/api; *.example.com; /static'

/** CLB takes at most so many rules on one listener. */
const MOST = 40
const LONGEST = 8192
/** What CLB takes as Url: 1-80 characters. `/` alone is no path. */
const URL_FORM = /^\/[A-Za-z0-9\-/.%?#&]{1,79}$/

const fail = (text: string): Parsed<never> => ({ ok: false, text })

export const ruleKey = ({ domain, url }: RuleWish): string => `${domain}${url === '' ? '/' : url}`

function parsePath(url: string, entry: string): Parsed<string> {
  if (url === '' || url === '/') return { ok: true, value: '' }
  if (URL_FORM.test(url)) return { ok: true, value: url }
  const why = url.length > 80 ? 'is longer than 80 characters' : 'has characters other than letters, digits and -/.%?#& in its path'
  return fail(`${quote(entry)} ${why}`)
}

export function parseRule(entry: string): Parsed<RuleWish> {
  const scheme = /^[a-z]+:\/\//i.exec(entry)?.[0]
  if (scheme !== undefined) return fail(`${quote(entry)}: leave out ${quote(scheme)}, the listener has the protocol`)
  const slash = entry.indexOf('/')
  const host = slash === -1 ? entry : entry.slice(0, slash)
  const domain: Parsed<string> = host === '' || host === '*' ? { ok: true, value: '' } : parseDomain(host)
  if (!domain.ok) return domain
  const url = parsePath(slash === -1 ? '' : entry.slice(slash), entry)
  if (!url.ok) return url
  if (domain.value === '' && url.value === '')
    return fail(`${quote(entry)} would take every request: leave out the label rules, then the service has the listener itself`)
  return { ok: true, value: { domain: domain.value, url: url.value } }
}

/** Sorted, each once. */
export function distinctRules(rules: readonly RuleWish[]): readonly RuleWish[] {
  const byKey = new Map(rules.map((rule) => [ruleKey(rule), rule]))
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule)
}

export function parseRules(text: string): Parsed<readonly RuleWish[]> {
  if (text.length > LONGEST) return fail(`${quote(text)} is longer than ${LONGEST} characters`)
  const rules: RuleWish[] = []
  for (const entry of text.split(';').map((part) => part.trim())) {
    if (entry === '') continue
    const rule = parseRule(entry)
    if (!rule.ok) return fail(`${rule.text}; expected ${RULES_FORM}`)
    rules.push(rule.value)
  }
  const distinct = distinctRules(rules)
  if (distinct.length === 0) return fail(`no rule; expected ${RULES_FORM}`)
  if (distinct.length > MOST) return fail(`${distinct.length} rules, but a listener takes at most ${MOST}`)
  return { ok: true, value: distinct }
}
