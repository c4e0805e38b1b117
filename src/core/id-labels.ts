// Values that name things of the cloud: certificates, further certificates by host name, access control lists.
import { parseDomain } from './domains.ts'
import type { Parsed } from './grammar.ts'
import { quote } from './quote.ts'

export const CERTIFICATE_FORM = 'the id of a certificate, or file:<name> with a name of 1-64 letters, digits and ._-'
export const EXTENSIONS_FORM = '<host>:<certificate>, comma separated, such as shop.example.com:file:shop,*.example.com:<id>'
export const ACLS_FORM = 'ids of access control lists, comma separated'

const ID = /^[A-Za-z0-9_-]{1,100}$/
const FILE = /^file:(?!.*\.\.)(?!\.$)[A-Za-z0-9._-]{1,64}$/
const LONGEST = 8192

const fail = (text: string): Parsed<never> => ({ ok: false, text })

const items = (text: string): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const isCertificate = (text: string): boolean => ID.test(text) || FILE.test(text)

export function parseCertificate(text: string): Parsed<string> {
  return isCertificate(text) ? { ok: true, value: text } : fail(`${quote(text)} is no certificate; expected ${CERTIFICATE_FORM}`)
}

/** CA certificates are never uploaded: they have no key, and change rarely. */
export function parseCaCertificate(text: string): Parsed<string> {
  return ID.test(text) ? { ok: true, value: text } : fail(`${quote(text)} is no id; expected the id of a CA certificate`)
}

/** A host once, in order: the same set is the same text. */
export function parseExtensions(text: string): Parsed<string> {
  if (text.length > LONGEST) return fail(`${quote(text)} is longer than ${LONGEST} characters`)
  const byDomain = new Map<string, string>()
  for (const item of items(text)) {
    const colon = item.indexOf(':')
    const certificate = item.slice(colon + 1).trim()
    if (colon < 1 || !isCertificate(certificate)) return fail(`${quote(item)} has no certificate; expected ${EXTENSIONS_FORM}`)
    const domain = parseDomain(item.slice(0, colon).trim())
    if (!domain.ok) return fail(`${domain.text}; expected ${EXTENSIONS_FORM}`)
    if ((byDomain.get(domain.value) ?? certificate) !== certificate) return fail(`${domain.value} is there with two certificates`)
    byDomain.set(domain.value, certificate)
  }
  if (byDomain.size === 0) return fail(`no certificate; expected ${EXTENSIONS_FORM}`)
  return {
    ok: true,
    value: [...byDomain]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map((pair) => pair.join(':'))
      .join(','),
  }
}

export function parseAclIds(text: string): Parsed<string> {
  const ids = [...new Set(items(text))].sort()
  const wrong = ids.find((id) => !ID.test(id))
  if (wrong !== undefined || text.length > LONGEST) return fail(`${quote(wrong ?? text)} is no id; expected ${ACLS_FORM}`)
  return ids.length === 0 ? fail(`no id; expected ${ACLS_FORM}`) : { ok: true, value: ids.join(',') }
}
