// What rules, certificates and access lists cost on the simulator, and what a lost answer to each of them comes to.
import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Change, RuleSpec } from '../../../../src/core/model.ts'
import type { RegionChange } from '../../../../src/core/region.ts'
import type { OpenOptions, RegionOptions } from '../../../../src/providers/provider.ts'
import { selfSigned } from '../../../simulator/dataplane/certificate.ts'
import { onSimulator, SERVERS } from './on-simulator.ts'
import { failureOf, member, signal, turn } from './support.ts'

const TAG = 'swarm-slb:me'
const ALL: RegionOptions = { certificates: true, caCertificates: true, acls: true, tag: TAG }
const mark = (name: string) => `swarm-slb/me/${name}/80-tcp`
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
const pair = (id: string) => {
  const { cert, key } = selfSigned(id)
  return { id, name: id, certificate: cert, privateKey: key }
}
const UPLOADED = selfSigned('shop.example.com')
const fingerprint = new X509Certificate(UPLOADED.cert).fingerprint.replaceAll(':', '').toLowerCase()
const UPLOAD: RegionChange = { kind: 'uploadCertificate', name: 'shop', key: `shop/${fingerprint}`, file: 'shop', fingerprint }
const http = { key: 'tcp:80', protocol: 'http' } as const

/** One http and five https listeners of ours, of which the first has two certificates by name. */
async function start() {
  const listener = (port: number) => ({ port, status: 'running' as const, description: mark(`l-${port}`), vServerGroupId: 'rsp-own' })
  const extension = (n: number) => ({ id: `de-${n}`, domain: `${n}.example.com`, certificateId: 'c-1' })
  const secure = (n: number) => ({
    ...listener(443 + n),
    protocol: 'https' as const,
    config: { ServerCertificateId: 'c-1' },
    domainExtensions: n === 0 ? [extension(1), extension(2)] : [],
  })
  const loadBalancer = {
    id: 'lb-bp1web',
    // Without one, tags are asked for once more.
    tags: [{ key: 'swarm-slb:me', value: 'cluster-1' }],
    listeners: [{ ...listener(80), protocol: 'http' as const }, ...numbers(5).map(secure)],
    groups: [{ id: 'rsp-own', name: mark('own'), servers: [] }],
  }
  const its = await onSimulator({
    loadBalancers: [loadBalancer],
    state: { certificates: ['c-1', 'c-2'].map(pair) },
    clb: { readPem: async () => ({ certificate: UPLOADED.cert, privateKey: UPLOADED.key }) },
  })
  const how = (members: OpenOptions['members']): OpenOptions => ({ members, owned: (name) => name.startsWith('swarm-slb/me/') })
  const open = (members: OpenOptions['members'] = 'cached') => its.provider.open('lb-bp1web', how(members), signal)
  const openRegion = () => its.provider.openRegion(ALL, signal)
  const calls = async (work: () => Promise<unknown>) => {
    its.simulator.requests.reset()
    await work()
    const { reads, writes } = its.simulator.requests.counts()
    return { reads, writes }
  }
  return { ...its, open, openRegion, calls, [Symbol.asyncDispose]: its.close }
}

const spec = (n: number, group: string, settings?: RuleSpec['settings']): RuleSpec => ({
  ...{ name: `rule-${n}`, domain: `${n}.example.com`, url: '', group, settings },
})
const OWN = { scheduler: 'wrr', 'sticky-session': 'off', 'health-check-flag': 'off' } as const

/** A service that joins the listener by one rule. */
const guest = (n: number, settings?: RuleSpec['settings']): readonly Change[] => [
  { kind: 'createGroup', name: mark(`guest-${n}`), members: SERVERS.slice(0, 3).map((server) => member(server)) },
  { kind: 'createRules', ...http, rules: [spec(n, mark(`guest-${n}`), settings)] },
]

describe('behind one listener', () => {
  test('a service costs two writes, three with settings of its own, and the next pass one more read', async () => {
    await using its = await start()
    const handle = await its.open('fresh')
    const join = async (changes: readonly Change[]) => {
      for (const change of changes) await handle.apply(change, turn)
    }
    expect(await its.calls(() => join(guest(1)))).toEqual({ reads: 0, writes: 2 })
    expect(await its.calls(() => join(guest(2, OWN)))).toEqual({ reads: 0, writes: 3 })
    expect(await its.calls(() => its.open())).toEqual({ reads: 4, writes: 0 })
    expect(await its.calls(() => its.open())).toEqual({ reads: 3, writes: 0 })
  })

  test('40 services are read in three calls once they are known, and their rules in one a listener at the start', async () => {
    await using its = await start()
    const handle = await its.open('fresh')
    const join = async (n: number) => {
      for (const change of guest(n)) await handle.apply(change, turn)
    }
    expect(await its.calls(() => Promise.all(numbers(40).map(join)))).toEqual({ reads: 0, writes: 80 })
    expect((await its.open()).actual.listeners.find(({ port }) => port === 80)?.rules).toHaveLength(40)
    expect(await its.calls(() => its.open())).toEqual({ reads: 3, writes: 0 })
    // Lists, members of 41 groups, rules of 6 listeners, certificates by name of 5.
    expect(await its.calls(() => its.open('fresh'))).toEqual({ reads: 3 + 41 + 6 + 5, writes: 0 })
    expect(await its.calls(() => its.open('audit'))).toEqual({ reads: 3 + 5 + 1 + 1, writes: 0 })
  })
})

describe('a certificate', () => {
  test('is rotated with one read and four writes: upload, listener, name, delete', async () => {
    await using its = await start()
    const handle = await its.open('fresh')
    const region = await its.openRegion()
    const listener = handle.actual.listeners.find(({ port }) => port === 443)
    const [extension] = listener?.extensions ?? []
    if (listener === undefined || extension === undefined) throw new Error('no certificate by name')
    const { settings: was, key } = listener
    const rotate = async () => {
      const { id = '' } = await region.apply(UPLOAD, turn)
      const settings = { ...was, 'cert-id': id }
      await handle.apply({ kind: 'updateListener', key, protocol: 'https', set: { 'cert-id': id }, was, settings }, turn)
      await handle.apply({ kind: 'updateExtension', key, extension, certificate: id }, turn)
      await region.apply({ kind: 'deleteCertificate', id: 'c-2', name: 'c-2' }, turn)
    }
    expect(await its.calls(rotate)).toEqual({ reads: 1, writes: 4 })
    const id = its.simulator.state.certificates.at(-1)?.id
    expect(id).not.toBe('c-2')
    const after = (await its.open()).actual.listeners.find(({ port }) => port === 443)
    expect(after?.settings['cert-id']).toBe(id)
    expect(after?.extensions).toEqual([
      { ref: 'de-1', domain: '1.example.com', certificate: id },
      { ref: 'de-2', domain: '2.example.com', certificate: 'c-1' },
    ])
  })

  test('that is uploaded leaves its private key in no request that is logged', async () => {
    await using its = await start()
    await (await its.openRegion()).apply(UPLOAD, turn)
    const [line = ''] = UPLOADED.key.split('\n').slice(1)
    expect(its.simulator.state.certificates.at(-1)?.privateKey).toBe(UPLOADED.key)
    expect(JSON.stringify(its.simulator.requests.entries())).not.toContain(line)
  })
})

test('an access list costs one read and two writes, one more for each further fifty entries', async () => {
  await using its = await start()
  const region = await its.openRegion()
  const create = (count: number): RegionChange => ({
    kind: 'createAcl',
    name: `of ${count}`,
    key: `of ${count}`,
    entries: numbers(count).map((n) => `10.0.${n}.0/24`),
  })
  expect(await its.calls(() => region.apply(create(50), turn))).toEqual({ reads: 1, writes: 2 })
  expect(await its.calls(() => region.apply(create(120), turn))).toEqual({ reads: 1, writes: 4 })
  // Certificates, CA certificates, the lists, and the pages of two lists.
  expect(await its.calls(() => its.openRegion())).toEqual({ reads: 3 + 1 + 3, writes: 0 })
})

describe.each(['reset', 'html', '5xx', 'malformed-json'] as const)('when an answer is lost (%s)', (as) => {
  test('rules are not made twice, and are found', async () => {
    await using its = await start()
    const handle = await its.open()
    its.simulator.faults.add({ action: 'CreateRules', when: 'after', as })
    const change: Change = { kind: 'createRules', ...http, rules: [spec(1, 'rsp-own'), spec(2, 'rsp-own')] }
    expect(await failureOf(handle.apply(change, turn))).toMatchObject({ status: 'unknown' })
    expect(its.simulator.requests.counts().byAction['CreateRules']).toBe(1)
    const rules = (await its.open()).actual.listeners.find(({ port }) => port === 80)?.rules
    expect(rules?.map(({ name }) => name)).toEqual(['rule-1', 'rule-2'])
  })

  test('a certificate by name is found', async () => {
    await using its = await start()
    const handle = await its.open()
    its.simulator.faults.add({ action: 'CreateDomainExtension', when: 'after', as })
    const change: Change = { kind: 'createExtension', key: 'tcp:444', domain: 'lost.example.com', certificate: 'c-2' }
    expect(await failureOf(handle.apply(change, turn))).toMatchObject({ status: 'unknown' })
    const found = (await its.open()).actual.listeners.find(({ port }) => port === 444)?.extensions
    expect(found).toMatchObject([{ domain: 'lost.example.com', certificate: 'c-2' }])
  })

  test('an upload and an access list are not made twice', async () => {
    await using its = await start()
    const region = await its.openRegion()
    const acl: RegionChange = { kind: 'createAcl', name: 'web', key: 'web/80', entries: ['10.0.0.0/8'] }
    for (const [action, change] of [['UploadServerCertificate', UPLOAD] as const, ['CreateAccessControlList', acl] as const]) {
      its.simulator.faults.add({ action, when: 'after', as })
      expect(await failureOf(region.apply(change, turn))).toMatchObject({ status: 'unknown' })
      expect((await region.apply(change, turn)).id).toMatch(/./)
      expect(its.simulator.requests.counts().byAction[action]).toBe(1)
    }
    const { actual } = await its.openRegion()
    expect(actual.certificates?.filter(({ key }) => key !== undefined)).toHaveLength(1)
    expect(actual.acls).toMatchObject([{ key: 'web/80', entries: ['10.0.0.0/8'] }])
  })
})
