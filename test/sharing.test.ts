// What load balancers of a region share, as log lines and on the page.
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RegionWants } from '../src/core/region-wants.ts'
import { NO_WANTS } from '../src/core/region-wants.ts'
import type { Desire } from '../src/desired.ts'
import { createSharing, type SharingOptions } from '../src/sharing.ts'
import { board } from './support/board.ts'
import { balancer, NOW } from './support/build.ts'
import { callError, type MemoryOptions, memoryProvider } from './support/memory-provider.ts'
import { offerOf } from './support/passes.ts'
import { acl, mark, NO_CERTIFICATES, print, uploaded } from './support/region.ts'

const ENTRIES = ['10.0.0.0/8']
const WANTS: RegionWants = {
  files: new Map([['shop', print('a')]]),
  acls: new Map([
    ['web/80-tcp@lb-1', { key: 'web/80-tcp@lb-1', name: 'swarm-slb/me/web/80-tcp/lb-1', mark: mark(), kind: 'allow', entries: ENTRIES }],
  ]),
  lists: new Set(['certificates', 'acls']),
  ids: new Set(),
}

function sharing(options: MemoryOptions & Partial<SharingOptions> = {}) {
  const provider = memoryProvider([balancer()], options)
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const lines: Record<string, unknown>[] = []
  const pen = board()
  const made = createSharing({
    cloud: { provider, instances: { lookup: async () => new Map(), forget: () => {} }, certificates: NO_CERTIFICATES, close: () => {} },
    board: pen,
    log: pino({}, { write: (line) => void lines.push(JSON.parse(line)) }),
    now: () => NOW,
    stop: stop.signal,
    giveUp: stop.signal,
    read: () => new Map([['lb-1', balancer()]]),
    open: () => true,
    nodeName: () => 'node-1',
    dryRun: false,
    finished: () => {},
    ...options,
  })
  const { wanted, backends, rules } = offerOf()
  const desire: Desire = {
    wanted,
    backends,
    rules,
    claimsOf: () => [],
    wants: WANTS,
    loadBalancers: ['lb-1'],
    unanswered: '',
    named: new Set(),
    problems: [],
    unresolved: [],
    recheckAt: undefined,
  }
  async function pass(over: Partial<Parameters<typeof made.offer>[0]> = {}): Promise<void> {
    made.offer({ desire, mayWrite: true, careful: false, resync: true, fresh: false, newOnly: false, ...over })
    await made.idle()
  }
  const said = (message: string) =>
    lines.filter(({ msg }) => msg === message).map(({ change }) => String(change).split(' ').slice(0, 2).join(' '))
  return { ...made, provider, pass, said, lines, pen, desire }
}

describe('the log', () => {
  test('has a line for each change, in the form of those of load balancers', async () => {
    const its = sharing()
    await its.pass()
    expect(its.lines).toContainEqual(
      expect.objectContaining({
        lb: 'region',
        change: 'upload certificate shop as swarm-slb/me/shop/aaaaaaaaaaaa',
        requestId: expect.stringMatching(/^region-\d$/),
        ms: 0,
        node: 'node-1',
        msg: 'change applied',
      }),
    )
    expect(its.said('change applied').toSorted()).toEqual(['create access', 'upload certificate'])
    expect(its.pen.counters().counts.changes).toHaveLength(2)
  })

  test('says what failed, and the page too', async () => {
    const readPem = () => Promise.reject(callError('failed', 'CertificateFileGone'))
    const its = sharing({ readPem })
    await its.pass()
    expect(its.said('change failed')).toEqual(['upload certificate'])
    expect(its.page().problems).toMatchObject([
      { kind: 'loadBalancer', subject: 'region', text: expect.stringContaining('CertificateFileGone') },
    ])
    expect(its.page().changes).toContain('upload certificate shop as swarm-slb/me/shop/aaaaaaaaaaaa')
  })

  test('of a dry run says once what would be done', async () => {
    const its = sharing({ dryRun: true })
    for (let passes = 0; passes < 3; passes += 1) await its.pass({ mayWrite: false })
    expect(its.said('change planned (dry run)').toSorted()).toEqual(['create access', 'upload certificate'])
    expect(its.provider.regionWritten).toEqual([])
  })
})

test('while a load balancer is paused nothing that serves is touched', async () => {
  const region = { certificates: [uploaded('c-2', 'b')], caCertificates: [], acls: [acl('acl-1', ['192.0.2.1/32'], { used: 1 })] }
  const its = sharing({ region })
  await its.pass({ careful: true })
  await its.pass({ careful: true })
  expect(its.provider.regionWritten.map(({ change }) => change.kind)).toEqual(['uploadCertificate'])
  await its.pass()
  await its.pass()
  expect(its.provider.regionWritten.map(({ change }) => change.kind).toSorted()).toEqual([
    'addAclEntries',
    'deleteCertificate',
    'removeAclEntries',
    'uploadCertificate',
  ])
})

test('while no load balancer may be written to nothing is, and all of it as soon as one may', async () => {
  let open = false
  const its = sharing({ open: () => open })
  await its.pass()
  expect([its.provider.regionWritten, its.waits()]).toEqual([[], false])
  open = true
  expect(its.waits()).toBe(true)
  await its.pass({ resync: false })
  expect(its.provider.regionWritten).toHaveLength(2)
})

test('without wishes nothing is on the page', async () => {
  const its = sharing()
  await its.pass({ desire: { ...its.desire, wants: NO_WANTS } })
  expect(its.page()).toEqual({ changes: [], problems: [] })
})
