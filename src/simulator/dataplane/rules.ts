// Forwarding rules in the cloud's order: exact domain, narrower wildcard, wider wildcard, then rules without a domain, then the listener.
// The first domain that matches decides alone: if none of its rules fits the path, the answer is 404.

type Rule = { readonly domain: string; readonly url: string }

/** `own`: no rule applies, the listener's own group serves. */
type Match<R> = { readonly kind: 'rule'; readonly rule: R } | { readonly kind: 'own' } | { readonly kind: 'notFound' }

export interface RuleTable<R extends Rule> {
  /** `host`: the Host header, port and letter case do not matter. `url`: the request target. */
  match(host: string, url: string): Match<R>
}

export function compileRules<R extends Rule>(rules: readonly R[]): RuleTable<R> {
  const byDomain = Map.groupBy(longestUrlFirst(rules), (rule) => rule.domain.toLowerCase())
  const anyDomain = byDomain.get('') ?? []
  const wildcards = [...byDomain.keys()].filter((domain) => domain.startsWith('*.')).sort((a, b) => b.length - a.length)
  const rulesOf = (host: string): readonly R[] | undefined =>
    byDomain.get(host) ?? byDomain.get(wildcards.find((wildcard) => covers(wildcard, host)) ?? host)
  return {
    match(host, url) {
      const path = pathOf(url)
      const ofDomain = host === '' ? undefined : rulesOf(hostName(host))
      const rule = (ofDomain ?? anyDomain).find((candidate) => path.startsWith(candidate.url))
      if (rule !== undefined) return { kind: 'rule', rule }
      return { kind: ofDomain === undefined ? 'own' : 'notFound' }
    },
  }
}

/** An empty url sorts last and fits every path: the rule of a domain without a path. */
const longestUrlFirst = <R extends Rule>(rules: readonly R[]) => rules.toSorted((a, b) => b.url.length - a.url.length)

/** `*.example.com` covers every depth below example.com, and not example.com itself. */
export const covers = (wildcard: string, host: string): boolean => host.endsWith(wildcard.slice(1)) && host.length > wildcard.length - 1

/** Lower case, without port and without the root's trailing dot. */
export const hostName = (host: string): string => host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase()

/** The path alone; a request target may be a whole URL, and a query is no part of the comparison. */
const pathOf = (url: string): string => {
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '')
  return path === '' ? '/' : path
}
