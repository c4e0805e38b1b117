// What only http and https listeners have: redirects, further certificates, another protocol, and what has to be there first.
import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/core/claims.ts'
import type { ListenerKey, LoadBalancer } from '../../src/core/model.ts'
import type { Settings } from '../../src/core/options.ts'
import {
  balancer,
  defaults,
  group,
  listener,
  MINUTE,
  markOf,
  member,
  NOW,
  remembers,
  threeMembers,
  toDefault,
  toGroup,
} from '../support/build.ts'
import { type Guest, guest, options, passes, sharing } from '../support/guests.ts'
import { PASS_RULES } from '../support/passes.ts'

const secured = (given: Settings = {}) => options({ 'cert-id': 'cert-1', ...given }, 'https')
const https = (name: string, published: number, given: Settings = {}, over: Partial<Claim> = {}): Guest =>
  guest(name, published, [], { key: 'tcp:443', port: 443, protocol: 'https', ...secured(given), ...over })
const redirect = (name: string, published: number, to = 443, rules: readonly string[] = []): Guest =>
  guest(name, published, rules, { given: { 'forward-port': to }, settings: { 'forward-port': to } })

const at = (lb: LoadBalancer, key: ListenerKey) => lb.listeners.find((one) => one.key === key)
const gone = (names: readonly string[], ...left: readonly Guest[]) =>
  sharing(left, {
    memory: remembers([...names, ...left.map((one) => one.service.name)], Object.fromEntries(names.map((name) => [name, NOW - MINUTE]))),
  })

describe('a redirect', () => {
  test('is made after the https listener that it leads to, without backends of its own', async () => {
    const its = passes()
    const lines = await its.settle(sharing([https('web', 30001), redirect('old', 30002)]))
    expect(its.failed).toEqual([])
    expect(lines).toEqual([
      'add i-1, i-2, i-3 to default group',
      'create listener https:443 -> default group on port 30001',
      'create listener http:80 -> a redirect',
    ])
    expect(at(its.lb(), 'tcp:80')).toMatchObject({ target: undefined, settings: { 'forward-port': 443 } })
  })

  test('goes before it', async () => {
    const its = passes()
    await its.settle(sharing([https('web', 30001), redirect('old', 30002), guest('else', 30003, [], { key: 'tcp:81', port: 81 })]))
    const lines = await its.settle(gone(['web', 'old'], guest('else', 30003, [], { key: 'tcp:81', port: 81 })))
    expect(lines).toEqual(['delete listener http:80', 'delete listener https:443'])
  })

  test('keeps it while it stays', async () => {
    const its = passes()
    await its.settle(sharing([https('web', 30001), redirect('old', 30002)]))
    expect(await its.settle(gone(['web'], redirect('old', 30002)))).toEqual([])
    expect(its.look()?.diff.verdicts.map(({ reason }) => reason)).toContain('stays while listener tcp:80 redirects to it')
  })

  test('to a port without an https listener is a problem, and is not made', async () => {
    const its = passes()
    expect(await its.settle(sharing([redirect('old', 30002, 8443)]))).toEqual([])
    expect(its.look()?.problems[0]).toMatchObject({
      subject: 'old',
      text: 'forward-port 8443: front has no https listener on port 8443 to redirect to',
    })
    expect(its.look()?.diff.verdicts[0]?.state).toBe('refused')
  })

  test.each([
    ['another port', redirect('old', 30002, 444)],
    ['another service', redirect('new', 30004)],
    ['a listener with backends', guest('old', 30002, [])],
  ])('that becomes %s is replaced: the cloud changes nothing on it', async (_, next) => {
    const its = passes()
    const both = [https('web', 30001), https('second', 30003, {}, { key: 'tcp:444', port: 444 })]
    await its.settle(sharing([...both, redirect('old', 30002)]))
    const lines = await its.settle(next.service.name === 'new' ? gone(['old'], ...both, next) : sharing([...both, next]))
    expect(lines.filter((line) => line.includes('listener'))).toEqual([expect.stringContaining('replace listener http:80 by http:80')])
  })

  test('is shared by all that ask for the same one, and each has its row', async () => {
    const its = passes()
    const both = [redirect('a', 30002, 443, ['a.example.com']), redirect('b', 30003, 443, ['b.example.com'])]
    await its.settle(sharing([https('web', 30001), ...both]))
    expect(its.lb().groups).toEqual([])
    expect(its.look()?.problems).toEqual([])
    expect(its.look()?.diff.verdicts.map(({ service, listener: name, state }) => `${service} ${name} ${state}`)).toEqual([
      'web https:443 exposed',
      'a http:80 a.example.com exposed',
      'b http:80 b.example.com exposed',
    ])
    expect(await its.settle(gone(['b'], https('web', 30001), both[0] ?? https('x', 1)))).toEqual([])
  })

  test('needs no rules to be shared', async () => {
    const its = passes()
    await its.settle(sharing([https('web', 30001), redirect('a', 30002), redirect('b', 30003)]))
    expect(its.look()?.problems).toEqual([])
    expect(its.look()?.diff.verdicts.map(({ service, listener: name, state }) => `${service} ${name} ${state}`)).toEqual([
      'web https:443 exposed',
      'a http:80 exposed',
      'b http:80 exposed',
    ])
  })

  test('made by hand is not adopted, and the reason says what to do', async () => {
    const hand = listener('http', 80, toDefault(1), 'by hand', { settings: { 'forward-port': 443 } })
    const its = passes(balancer({ listeners: [{ ...hand, target: undefined }] }))
    await its.settle(sharing([https('web', 30001), { ...redirect('old', 30002), over: { ...redirect('old', 30002).over, adopt: true } }]))
    expect(its.look()?.problems[0]?.text).toBe(
      'listener port 80/tcp redirects or uses a master-slave group and cannot be adopted; delete it, and it is made anew',
    )
  })
})

describe('further certificates', () => {
  const extensions = (text: string) => ({ 'domain-extensions': text })

  test('are added behind their new listener, and are no attribute of it', async () => {
    const its = passes()
    const lines = await its.settle(sharing([https('web', 30001, extensions('a.example.com:cert-a,b.example.com:cert-b'))]))
    expect(lines.slice(1)).toEqual([
      'create listener https:443 -> default group on port 30001',
      'add certificate cert-a for a.example.com to listener https:443',
      'add certificate cert-b for b.example.com to listener https:443',
    ])
    const created = its.provider.written.flatMap(({ change }) => ('listener' in change ? [change.listener.settings] : []))
    expect(created.map((settings) => 'domain-extensions' in settings)).toEqual([false])
  })

  test('are rotated by their id, and those that nobody wants go last', async () => {
    const its = passes()
    await its.settle(sharing([https('web', 30001, extensions('a.example.com:cert-a,b.example.com:cert-b'))]))
    expect(await its.settle(sharing([https('web', 30001, extensions('a.example.com:cert-a2,c.example.com:cert-c'))]))).toEqual([
      'set certificate for a.example.com on listener https:443 cert-a -> cert-a2',
      'add certificate cert-c for c.example.com to listener https:443',
      'remove certificate cert-b for b.example.com from listener https:443',
    ])
  })

  test('beyond the quota are a problem with its name, and the others are there', async () => {
    const its = passes(balancer(), { ...PASS_RULES, quotas: { ...PASS_RULES.quotas, extensions: 3 } })
    const four = ['a', 'b', 'c', 'd'].map((one) => `${one}.example.com:cert-${one}`).join(',')
    await its.settle(sharing([https('web', 30001, extensions(four))]))
    expect(at(its.lb(), 'tcp:443')?.extensions).toHaveLength(3)
    expect(its.look()?.problems[0]?.text).toContain('quota slb_quota_domain_extensions_num (3) of front is used up')
  })
})

describe('the certificate of a shared listener', () => {
  const asks = (name: string, published: number, cert: string | undefined) =>
    guest(name, published, [`${name}.example.com`], {
      ...{ key: 'tcp:443', port: 443, protocol: 'https' },
      ...options(cert === undefined ? {} : { 'cert-id': cert }, 'https'),
    })

  test('is that of its holder; another one is a problem, and the rules are served nevertheless', async () => {
    const its = passes()
    await its.settle(sharing([asks('a', 30001, 'cert-a'), asks('b', 30002, 'cert-b'), asks('c', 30003, undefined)]))
    expect(at(its.lb(), 'tcp:443')?.settings['cert-id']).toBe('cert-a')
    expect(at(its.lb(), 'tcp:443')?.rules).toHaveLength(3)
    expect(its.look()?.problems).toEqual([
      {
        kind: 'conflict',
        subject: 'b',
        port: 'tcp:443',
        text: 'cert-id differs from that of the listener, which is cert-a; its rules are served with that one',
      },
    ])
  })

  test('has to be named by one of them: it is made for the oldest that does', async () => {
    const its = passes()
    await its.settle(sharing([asks('a', 30001, undefined)]))
    expect(its.look()?.problems[0]?.text).toBe('no service on this listener names a certificate: add the label slb.port.80.cert-id')
    await its.settle(sharing([asks('a', 30001, undefined), asks('b', 30002, 'cert-b')]))
    expect(at(its.lb(), 'tcp:443')).toMatchObject({ note: markOf('b'), settings: { 'cert-id': 'cert-b' } })
  })

  test('stays when the mark passes to a guest that names none', async () => {
    const its = passes()
    await its.settle(sharing([asks('a', 30001, 'cert-a'), asks('b', 30002, undefined)]))
    await its.settle(gone(['a'], asks('b', 30002, undefined)))
    expect(at(its.lb(), 'tcp:443')).toMatchObject({ note: markOf('b'), settings: { 'cert-id': 'cert-a' } })
  })
})

describe('another protocol', () => {
  const http = [guest('a', 30001, ['a.example.com']), guest('b', 30002, ['b.example.com'])]
  const secure = http.map((one) => ({ ...one, over: { ...one.over, protocol: 'https' as const, ...secured() } }))

  test('makes a shared listener anew with its rules right behind it', async () => {
    const its = passes()
    await its.settle(sharing(http))
    const lines = await its.settle(sharing(secure))
    expect(lines).toEqual([
      'replace listener http:80 by https:80 -> group rsp-m1',
      'create 2 rules on listener https:80: a.example.com -> group rsp-m2, b.example.com -> group rsp-m3',
    ])
  })

  test('waits while others still use it as it is', async () => {
    const its = passes()
    await its.settle(sharing(http))
    const [first, second] = [secure[0] ?? https('x', 1), http[1] ?? https('x', 1)]
    const lines = await its.settle(sharing([first, second]))
    expect(lines).toEqual([`update listener http:80: note -> ${markOf('b')}`])
    expect(at(its.lb(), 'tcp:80')?.rules).toHaveLength(2)
    expect(its.look()?.problems[0]).toMatchObject({ subject: 'a', text: 'listener port 80/tcp is http, held by service b, and not https' })
  })

  test('waits for its plain holder, too', async () => {
    const its = passes()
    await its.settle(sharing([guest('plain', 30000, []), ...http]))
    const plain = guest('plain', 30000, [], { protocol: 'https', ...secured() })
    expect(await its.settle(sharing([plain, ...http]))).toEqual([])
    expect(its.look()?.diff.verdicts[0]).toMatchObject({ service: 'plain', reason: 'stays http while a, b have rules on it' })
  })

  test('waits while a rule that is not ours would go with it', async () => {
    const lb = balancer({
      members: threeMembers(),
      groups: [group('rsp-9', 'by hand', [member('i-9', { port: 80, note: '' })], { rules: 1 })],
      listeners: [
        listener('http', 80, toDefault(30000), markOf('plain'), {
          rules: [{ ref: 'r', name: 'hand', domain: 'h.example.com', url: '', group: 'rsp-9', settings: undefined }],
        }),
      ],
    })
    const its = passes(lb)
    expect(await its.settle(sharing([guest('plain', 30000, [], { protocol: 'https', ...secured() })]))).toEqual([])
    expect(its.look()?.problems[0]?.text).toBe('rules that are not ours (hand) would go with it; delete them first')
  })
})

describe('what waits for something', () => {
  const waiting = https('web', 30001, {}, { waits: 'certificate file:web is being uploaded' })

  test('is not made yet, and says why', async () => {
    const its = passes()
    expect(await its.settle(sharing([waiting]))).toEqual([])
    expect(its.look()?.diff.verdicts[0]).toMatchObject({ state: 'pending', reason: 'certificate file:web is being uploaded' })
  })

  test('and is there already is kept in step with what is known', async () => {
    const its = passes()
    await its.settle(sharing([https('web', 30001)]))
    const { 'cert-id': _, ...known } = defaults('https', { 'cert-id': 'cert-1', scheduler: 'rr' })
    const lines = await its.settle(sharing([{ ...waiting, over: { ...waiting.over, settings: known } }]))
    expect(lines).toEqual(['update listener https:443: scheduler wrr -> rr'])
  })
})

describe('adoption', () => {
  const byHand = () =>
    balancer({
      members: threeMembers(),
      groups: [group('rsp-9', 'by hand', [member('i-9', { port: 80, note: '' })], { rules: 1, listeners: ['tcp:80'] })],
      listeners: [
        listener('http', 80, toGroup('rsp-9'), 'made in the console', {
          rules: [{ ref: 'r', name: 'hand', domain: 'h.example.com', url: '', group: 'rsp-9', settings: undefined }],
        }),
      ],
    })

  test('leaves the rules that are there, and guests come beside them', async () => {
    const its = passes(byHand())
    await its.settle(sharing([guest('plain', 30000, [], { adopt: true }), guest('a', 30001, ['a.example.com'])]))
    expect(at(its.lb(), 'tcp:80')?.rules.map(({ domain }) => domain)).toEqual(['h.example.com', 'a.example.com'])
    expect(at(its.lb(), 'tcp:80')?.note).toBe(markOf('plain'))
  })

  test('is not for guests: nobody knows whose the default backends are', async () => {
    const its = passes(byHand())
    expect(await its.settle(sharing([guest('a', 30001, ['a.example.com'], { adopt: true })]))).toEqual([])
    expect(its.look()?.problems[0]?.text).toContain('a service that names it without rules can take it over (adopt)')
  })
})

test('forty rules fit on a listener; the next is a problem with the name of the quota, and there when one goes', async () => {
  const its = passes(balancer(), { ...PASS_RULES, quotas: { ...PASS_RULES.quotas, rules: 40 } })
  const full = guest(
    'full',
    30001,
    Array.from({ length: 38 }, (_, i) => `h${i}.example.com`),
  )
  const late = guest('late', 30002, ['x.example.com', 'y.example.com', 'z.example.com'])
  await its.settle(sharing([full, late]))
  expect(at(its.lb(), 'tcp:80')?.rules).toHaveLength(40)
  expect(its.look()?.problems).toEqual([
    {
      kind: 'quota',
      subject: 'late',
      text: 'quota slb_quota_rules_num (40) of front is used up: rules tcp:80/late/80-tcp is left out',
    },
  ])
  await its.settle(sharing([guest('full', 30001, full.rules.slice(1)), late]))
  expect(at(its.lb(), 'tcp:80')?.rules.map(({ domain }) => domain)).toContain('z.example.com')
  expect(its.look()?.problems).toEqual([])
})
