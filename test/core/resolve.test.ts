import { describe, expect, test } from 'vitest'
import type { Access, WantedTarget } from '../../src/core/labels.ts'
import type { DomainExtension, RuleWish } from '../../src/core/model.ts'
import type { Settings } from '../../src/core/options.ts'
import { type CertificateFiles, parseAclKey, type RegionView } from '../../src/core/region-wants.ts'
import { createResolver, filesOf } from '../../src/core/resolve.ts'
import { NOW } from '../support/build.ts'
import { acl, DAY, file, mark, print, target, uploaded, view } from '../support/region.ts'

type Ask = {
  readonly settings?: Settings
  readonly access?: Access
  readonly rules?: readonly RuleWish[]
  readonly view?: RegionView
  readonly files?: CertificateFiles
  readonly has?: readonly DomainExtension[] | undefined
}

const SHOP: CertificateFiles = new Map([['shop', file('a')]])

function ask({ settings = {}, access, rules = [], view: seen = view({}), files = SHOP, has = [] }: Ask) {
  const resolver = createResolver({ view: seen, files, extensionsOf: () => has, now: NOW })
  const asked: WantedTarget = target({ settings: { scheduler: 'wrr', ...settings }, rules, access })
  const resolution = resolver.resolve({ mark: mark(), loadBalancer: 'lb-1', target: asked, access })
  return { resolution, wants: resolver.wants(), problems: resolver.problems().map(({ text }) => text) }
}

const WAITS = { status: 'waits', settings: { scheduler: 'wrr' } }

describe('a certificate from a file', () => {
  const settings = { 'cert-id': 'file:shop' }

  test('becomes the id of the one that was uploaded from this very file', () => {
    const other = uploaded('c-2', 'b')
    const { resolution, wants, problems } = ask({ settings, view: view({ certificates: [other, uploaded('c-1', 'a')] }) })
    expect(resolution).toEqual({ status: 'ready', settings: { scheduler: 'wrr', 'cert-id': 'c-1' } })
    expect(wants.files).toEqual(new Map([['shop', print('a')]]))
    expect(problems).toEqual([])
  })

  test('is not one that somebody else uploaded, although it is the same', () => {
    const { resolution } = ask({ settings, view: view({ certificates: [uploaded('c-1', 'a', { key: undefined })] }) })
    expect(resolution).toEqual({ ...WAITS, reason: 'certificate shop is being uploaded' })
  })

  test('waits for its upload, and what the listener has stays', () => {
    const { resolution, wants } = ask({ settings, view: view({ certificates: [uploaded('c-1', 'b')] }) })
    expect(resolution).toEqual({ ...WAITS, reason: 'certificate shop is being uploaded' })
    expect([...wants.lists]).toEqual(['certificates'])
    expect([...wants.ids]).toEqual([])
  })

  test('waits for the list to be read', () => {
    expect(ask({ settings }).resolution).toEqual({ ...WAITS, reason: 'the certificates of the region are not read yet' })
    expect(ask({ settings, view: view({}, { error: 'Throttling' }) }).resolution).toMatchObject({
      reason: 'the certificates of the region could not be read: Throttling',
    })
  })

  test.each<[string, CertificateFiles, string]>([
    ['cannot be read', new Map([['shop', { status: 'faulty', reason: '/certs/shop.key is encrypted' }]]), '/certs/shop.key is encrypted'],
    ['has expired', new Map([['shop', file('a', { validTo: NOW })]]), 'it expired on 1970-01-01'],
    ['is not valid yet', new Map([['shop', file('a', { validFrom: NOW + 1 })]]), 'it is not valid before 1970-01-01T02:46:40.001Z'],
    ['is not there', new Map(), 'it was not read yet'],
  ])('that %s leaves the old one on the listener, and is a problem', (_, files, text) => {
    const { resolution, wants, problems } = ask({ settings, files, view: view({ certificates: [uploaded('c-1', 'a')] }) })
    expect(resolution).toEqual({ ...WAITS, reason: `certificate file shop: ${text}` })
    expect(problems).toEqual([`certificate file shop: ${text}`])
    expect(wants.files).toEqual(new Map([['shop', undefined]]))
  })

  test('must be for the hosts of the rules of the same port', () => {
    const certificates = [uploaded('c-1', 'a')]
    const rule = (domain: string) => ({ domain, url: '' })
    const seen = view({ certificates })
    expect(ask({ settings, view: seen, rules: [rule('shop.example.com'), rule(''), rule('*.shop.example.com')] }).resolution.status).toBe(
      'ready',
    )
    const wrong = ask({ settings, view: seen, rules: [rule('www.example.com')] })
    expect(wrong.problems).toEqual(['certificate file shop: it is not for www.example.com, but for shop.example.com, *.shop.example.com'])
    expect(wrong.resolution).toMatchObject(WAITS)
  })

  test('need not be for a host that a further certificate is there for', () => {
    const certificates = [uploaded('c-1', 'a'), uploaded('c-2', 'b', { key: undefined })]
    const extended = { ...settings, 'domain-extensions': '*.example.com:c-2' }
    const rules = [{ domain: 'www.example.com', url: '/' }]
    expect(ask({ settings: extended, rules, view: view({ certificates }) }).resolution.status).toBe('ready')
  })

  test('that is wrong for one service is uploaded for the others', () => {
    const resolver = createResolver({ view: view({ certificates: [] }), files: SHOP, extensionsOf: () => [], now: NOW })
    const wish = (domain: string, name: string) => ({
      mark: mark(name),
      loadBalancer: 'lb-1',
      target: target({ settings, rules: [{ domain, url: '' }] }),
      access: undefined,
    })
    resolver.resolve(wish('shop.example.com', 'web'))
    resolver.resolve(wish('www.example.com', 'api'))
    expect(resolver.wants().files).toEqual(new Map([['shop', print('a')]]))
    expect(resolver.problems()).toMatchObject([{ kind: 'port', subject: 'api', port: '80/tcp' }])
  })
})

describe('a certificate by its id', () => {
  const settings = { 'cert-id': 'c-9' }
  const theirs = uploaded('c-9', 'c', { key: undefined, name: 'by-hand' })

  test('is passed on when it is there', () => {
    expect(ask({ settings, view: view({ certificates: [theirs] }) }).resolution).toEqual({
      status: 'ready',
      settings: { scheduler: 'wrr', 'cert-id': 'c-9' },
    })
  })

  test('that has expired is a problem before any write', () => {
    const seen = view({ certificates: [{ ...theirs, expiresAt: NOW }] })
    expect(ask({ settings, view: seen }).resolution).toEqual({
      status: 'problem',
      text: 'certificate c-9 (by-hand) expired on 1970-01-01',
    })
  })

  test('that is unknown is looked up once more before it is a problem', () => {
    expect(ask({ settings, view: view({ certificates: [] }) })).toMatchObject({
      resolution: { ...WAITS, reason: 'certificate c-9 is being looked up' },
      wants: { ids: new Set(['c-9']) },
    })
    const seen = view({ certificates: [] }, { absent: new Set(['c-9']) })
    expect(ask({ settings, view: seen }).resolution).toEqual({ status: 'problem', text: 'there is no certificate c-9 in this region' })
  })

  test('is not set unseen where the account may not read certificates: people are told which right is missing', () => {
    const seen = view({}, { denied: new Map([['certificates', 'slb:DescribeServerCertificates']]) })
    const { resolution, problems } = ask({ settings, view: seen })
    expect(resolution).toMatchObject(WAITS)
    expect(problems).toEqual(['the certificates of the region may not be read: the account lacks slb:DescribeServerCertificates'])
  })

  test('of an authority is looked up among authorities', () => {
    const ca = { ...settings, 'ca-cert-id': 'ca-1' }
    const seen = view({ certificates: [theirs], caCertificates: [] }, { absent: new Set(['ca-1']) })
    const { resolution, wants } = ask({ settings: ca, view: seen })
    expect(resolution).toEqual({ status: 'problem', text: 'there is no CA certificate ca-1 in this region' })
    expect([...wants.lists].sort()).toEqual(['caCertificates', 'certificates'])
  })
})

describe('further certificates', () => {
  const settings = { 'domain-extensions': 'a.shop.example.com:file:shop,b.example.com:c-9' }
  const certificates = [uploaded('c-1', 'a'), uploaded('c-9', 'c', { key: undefined })]

  test('are resolved one by one', () => {
    const { resolution } = ask({ settings, view: view({ certificates }) })
    expect(resolution).toMatchObject({ status: 'ready', settings: { 'domain-extensions': 'a.shop.example.com:c-1,b.example.com:c-9' } })
  })

  test('must be for the host that they are given for', () => {
    const wrong = { 'domain-extensions': 'www.example.com:file:shop' }
    const { resolution, problems } = ask({ settings: wrong, view: view({ certificates }) })
    expect(resolution).toMatchObject(WAITS)
    expect(problems[0]).toContain('it is not for www.example.com')
  })

  test('that are not ready stay as they are on the listener, and hold the others not up', () => {
    const has = [{ ref: 'de-1', domain: 'a.shop.example.com', certificate: 'c-old' }]
    const seen = view({ certificates: certificates.slice(1) })
    expect(ask({ settings, view: seen, has }).resolution).toEqual({
      status: 'waits',
      reason: 'certificate shop is being uploaded',
      settings: { scheduler: 'wrr', 'domain-extensions': 'a.shop.example.com:c-old,b.example.com:c-9' },
    })
    expect(ask({ settings, view: seen }).resolution).toMatchObject({ settings: { 'domain-extensions': 'b.example.com:c-9' } })
  })

  test('are left alone where nobody knows what the listener has', () => {
    const resolver = createResolver({ view: view({ certificates: [] }), files: SHOP, extensionsOf: () => undefined, now: NOW })
    const wish = { mark: mark(), loadBalancer: 'lb-1', target: target({ settings }), access: undefined }
    expect(resolver.resolve(wish)).toMatchObject({ status: 'waits', settings: {} })
  })
})

describe('allow and deny', () => {
  const access: Access = { kind: 'allow', entries: ['10.0.0.0/8', '203.0.113.7/32'] }
  const waits = (reason: string) => ({ ...WAITS, reason })

  test.each<[string, RegionView, string]>([
    ['is not read', view({}), 'the access control lists of the region are not read yet'],
    ['is not there', view({ acls: [acl('acl-9', access.entries, { key: undefined })] }), 'its access control list is being created'],
    ['is empty', view({ acls: [acl('acl-1', [])] }), 'its access control list is being filled'],
    ['lacks one entry', view({ acls: [acl('acl-1', ['10.0.0.0/8'])] }), 'its access control list is being filled'],
  ])('never open a listener while their list %s', (_, seen, reason) => {
    expect(ask({ access, view: seen }).resolution).toEqual(waits(reason))
  })

  test.each([
    ['allow', 'white'],
    ['deny', 'black'],
  ] as const)('%s points the listener at the list once every entry was read', (kind, type) => {
    const [key, name] = kind === 'allow' ? ['web/80-tcp@lb-1', '80-tcp/lb-1'] : ['web/80-tcp/deny@lb-1', '80-tcp/deny/lb-1']
    const seen = view({ acls: [acl('acl-2', access.entries, { key }), acl('acl-1', access.entries, { key, used: 2 })] })
    const { resolution, wants } = ask({ access: { ...access, kind }, view: seen })
    expect(resolution).toEqual({
      status: 'ready',
      settings: { scheduler: 'wrr', 'acl-status': 'on', 'acl-type': type, 'acl-id': 'acl-1' },
    })
    expect([...wants.acls.values()]).toMatchObject([{ key, name: `swarm-slb/me/web/${name}`, entries: access.entries }])
  })

  test('have a list for each load balancer, and one for each meaning', () => {
    const resolver = createResolver({ view: view({ acls: [] }), files: new Map(), extensionsOf: () => [], now: NOW })
    for (const [loadBalancer, kind] of [
      ['lb-1', 'allow'],
      ['lb-2', 'allow'],
      ['lb-2', 'deny'],
    ] as const)
      resolver.resolve({ mark: mark(), loadBalancer, target: target(), access: { kind, entries: access.entries } })
    const keys = [...resolver.wants().acls.keys()]
    expect(keys).toEqual(['web/80-tcp@lb-1', 'web/80-tcp@lb-2', 'web/80-tcp/deny@lb-2'])
    expect(keys.map((key) => parseAclKey(key, 'me'))).toEqual(
      ['lb-1', 'lb-2', 'lb-2'].map((loadBalancer) => ({ mark: mark(), loadBalancer })),
    )
  })

  test('name the missing rights', () => {
    const rights = 'slb:DescribeAccessControlLists and slb:DescribeAccessControlListAttribute'
    const { resolution, problems } = ask({ access, view: view({}, { denied: new Map([['acls', rights]]) }) })
    expect(resolution.status).toBe('waits')
    expect(problems[0]).toContain(rights)
  })
})

describe('lists that people made', () => {
  const settings = { 'acl-status': 'on', 'acl-type': 'white', 'acl-id': 'acl-7,acl-8' }

  test('are passed on when all of them are there', () => {
    const seen = view({ acls: [acl('acl-7', [], { key: undefined }), acl('acl-8', [], { key: undefined })] })
    expect(ask({ settings, view: seen }).resolution).toEqual({ status: 'ready', settings: { scheduler: 'wrr', ...settings } })
  })

  test('are a problem when one is not', () => {
    const seen = view({ acls: [acl('acl-7', [], { key: undefined })] }, { absent: new Set(['acl-8']) })
    expect(ask({ settings, view: seen }).resolution).toEqual({
      status: 'problem',
      text: 'there is no access control list acl-8 in this region',
    })
  })

  test('are not half set while they are looked up', () => {
    expect(ask({ settings, view: view({ acls: [] }) }).resolution).toEqual({
      ...WAITS,
      reason: 'access control list acl-7 is being looked up; access control list acl-8 is being looked up',
    })
  })
})

test('labels without certificates and lists want nothing of the region, and stay as they are', () => {
  const settings = { 'ca-cert-id': '', 'domain-extensions': '', 'acl-status': 'off' }
  const { resolution, wants } = ask({ settings })
  expect(resolution).toEqual({ status: 'ready', settings: { scheduler: 'wrr', ...settings } })
  expect(wants).toEqual({ files: new Map(), acls: new Map(), lists: new Set(), ids: new Set() })
})

test('the files that labels name are known before anything is resolved', () => {
  const settings = { 'cert-id': 'file:a', 'domain-extensions': 'x.example.com:file:b,y.example.com:c-1,z.example.com:file:a' }
  expect(filesOf([target({ settings }), target({ settings: { 'cert-id': 'c-1' } })])).toEqual(['a', 'b'])
})

test('a certificate that expires tomorrow still serves', () => {
  const files: CertificateFiles = new Map([['shop', file('a', { validTo: NOW + DAY })]])
  expect(ask({ settings: { 'cert-id': 'file:shop' }, files, view: view({ certificates: [uploaded('c-1', 'a')] }) }).resolution.status).toBe(
    'ready',
  )
})
