import { describe, expect, test } from 'vitest'
import { compileRules } from '../../../src/simulator/dataplane/rules.ts'

const rule = (id: string, domain: string, url = '') => ({ id, domain, url })

const table = compileRules([
  rule('wide', '*.example.com'),
  rule('exact', 'www.example.com'),
  rule('exact-abc', 'www.example.com', '/abc'),
  rule('exact-abcd', 'www.example.com', '/abcd'),
  rule('narrow', '*.market.example.com'),
  rule('paths-only', 'api.example.com', '/v1'),
  rule('url', '', '/static'),
  rule('url-longer', '', '/static/img'),
])

const outcome = (host: string, url: string) => {
  const match = table.match(host, url)
  return match.kind === 'rule' ? match.rule.id : match.kind
}

describe('forwarding rules', () => {
  test.each([
    { name: 'an exact domain beats a wildcard', host: 'www.example.com', url: '/', to: 'exact' },
    { name: 'the longest url of a domain wins', host: 'www.example.com', url: '/abcde', to: 'exact-abcd' },
    { name: 'a shorter url takes the rest', host: 'www.example.com', url: '/abc/x', to: 'exact-abc' },
    { name: 'a narrower wildcard beats a wider one', host: 'eu.market.example.com', url: '/', to: 'narrow' },
    { name: 'a wildcard covers every depth', host: 'a.b.example.com', url: '/', to: 'wide' },
    { name: 'a wildcard does not cover its own domain', host: 'example.com', url: '/', to: 'own' },
    { name: 'a wildcard does not cover a name that merely ends alike', host: 'badexample.com', url: '/', to: 'own' },
    { name: 'a domain without a fitting url is not found', host: 'api.example.com', url: '/v2', to: 'notFound' },
    {
      name: 'a domain without a fitting url does not fall back to rules without a domain',
      host: 'api.example.com',
      url: '/static',
      to: 'notFound',
    },
    { name: 'a matched domain hides the rules without a domain', host: 'www.example.com', url: '/static', to: 'exact' },
    { name: 'rules without a domain serve every other host', host: 'other.net', url: '/static/x', to: 'url' },
    { name: 'the longest url wins there, too', host: 'other.net', url: '/static/img/x', to: 'url-longer' },
    { name: 'what nothing matches is for the listener', host: 'other.net', url: '/', to: 'own' },
    { name: 'port and letter case of the host do not matter', host: 'WWW.Example.com:8080', url: '/abc', to: 'exact-abc' },
    { name: 'a query is not part of the path', host: 'api.example.com', url: '/?x=/v1', to: 'notFound' },
    { name: 'a request target may be a whole url', host: 'other.net', url: 'http://other.net/static/x?y', to: 'url' },
    { name: 'a request without a host is served by path', host: '', url: '/static', to: 'url' },
  ])('$name', ({ host, url, to }) => {
    expect(outcome(host, url)).toBe(to)
  })
})
