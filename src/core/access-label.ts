// `allow` and `deny`: who may connect, as a list of addresses and networks. An empty list is a mistake: on the cloud it lets everybody in.
import { type Network, parseNetwork } from './address.ts'
import type { Parsed } from './grammar.ts'
import { quote } from './quote.ts'

/** Who may connect: only these (`allow`), or all but these (`deny`). Canonical CIDRs, never empty. */
export type Access = { readonly kind: 'allow' | 'deny'; readonly entries: readonly string[] }

export const ACCESS_FORM = 'addresses and networks, comma separated, such as 10.0.0.0/8, 203.0.113.7'

/** CLB keeps at most so many entries in one access control list. */
const MOST = 300
const LONGEST = 16_384

const fail = (text: string): Parsed<never> => ({ ok: false, text })

function parseList(text: string): Parsed<readonly string[]> {
  if (text.length > LONGEST) return fail(`${quote(text)} is longer than ${LONGEST} characters`)
  const networks: Network[] = []
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === '') continue
    const network = parseNetwork(item)
    if (!network.ok) return fail(`${network.text}; expected ${ACCESS_FORM}`)
    networks.push(network.value)
  }
  const entries = [...new Set(networks.map((network) => network.text))].sort()
  if (entries.length > MOST) return fail(`${entries.length} entries, but an access control list takes at most ${MOST}`)
  if (new Set(networks.map(({ version }) => version)).size > 1)
    return fail('IPv4 and IPv6 in one list, but a load balancer has one of them: keep those of its own version')
  return { ok: true, value: entries }
}

export function parseAllow(text: string): Parsed<readonly string[]> {
  const entries = parseList(text)
  if (!entries.ok || entries.value.length > 0) return entries
  return fail(`an empty list would let everybody in; expected ${ACCESS_FORM}, or slb.enable=false to let nobody in`)
}

export function parseDeny(text: string): Parsed<readonly string[]> {
  const entries = parseList(text)
  if (!entries.ok) return entries
  if (entries.value.length === 0) return fail(`an empty list denies nobody; expected ${ACCESS_FORM}`)
  const everybody = entries.value.find((entry) => entry.endsWith('/0'))
  return everybody === undefined ? entries : fail(`${everybody} is everybody; slb.enable=false withdraws the service`)
}
