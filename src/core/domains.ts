// Host names as forwarding rules and further certificates have them: ASCII, lower-case, a wildcard only as the whole first label.
import type { Parsed } from './grammar.ts'
import { plain, quote } from './quote.ts'

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** No top-level domain is a number: an address is no host name. */
const TOP = /^(?!\d+$)/
const LONGEST = 253

const fail = (text: string): Parsed<never> => ({ ok: false, text })

/** How a name with other letters is written in DNS, where it is a name at all. */
function punycode(text: string): string {
  const written = URL.parse(`http://${text}/`)?.hostname ?? ''
  return /^xn--|\.xn--/.test(written) && written.length <= LONGEST ? `; write ${plain(written)}` : ''
}

export function parseDomain(text: string): Parsed<string> {
  const domain = text.toLowerCase()
  if (/^[a-z]+:\/\//.test(domain)) return fail(`${quote(text)}: leave out ${quote(domain.slice(0, domain.indexOf('/') + 2))}`)
  if (/[^ -~]/.test(domain)) return fail(`${quote(text)} has letters that are not ASCII${punycode(text)}`)
  if (/:\d*$/.test(domain)) return fail(`${quote(text)}: leave out the port, which is the listener's`)
  const labels = domain.split('.')
  const names = labels[0] === '*' ? labels.slice(1) : labels
  if (names.some((label) => label.includes('*'))) return fail(`${quote(text)}: a wildcard is the whole first part, as in *.example.com`)
  const good = labels.length > 1 && names.every((label) => LABEL.test(label)) && TOP.test(names.at(-1) ?? '')
  if (!good || domain.length > LONGEST) return fail(`${quote(text)} is no host name`)
  return { ok: true, value: domain }
}
