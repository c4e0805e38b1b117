// Certificates from files, from the directory to the listeners of the simulated cloud, and their renewal under load.
import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, get as getHttp } from 'node:http'
import { Agent, createServer, get, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { planOnce } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { selfSigned } from './simulator/dataplane/certificate.ts'
import { silent } from './support/board.ts'
import { type Stand, type StandOptions, startStand, swarmNodes, swarmService, until } from './support/stand.ts'

let stand: Stand
let directory: string
async function end(): Promise<void> {
  await stand.close()
  await rm(directory, { recursive: true, force: true })
}

type Pair = ReturnType<typeof selfSigned>

async function open(options: StandOptions = {}): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), 'certificates-'))
  stand = await startStand({ nodes: 1, ...options, env: { SLB_CERT_DIR: directory, SLB_RESYNC_INTERVAL: '1s', ...options.env } })
}

/** A stand for one test. */
async function begin(options: StandOptions = {}): Promise<void> {
  await open(options)
  onTestFinished(end)
}
const start = () => stand.start({ sharing: { filesMs: 20 } })

/** Each file is replaced at once, the certificate first, as ACME clients do. */
async function put({ cert, key }: Pair, name = 'shop'): Promise<void> {
  for (const [file, text] of [
    [`${name}.crt`, cert],
    [`${name}.key`, key],
  ] as const) {
    await writeFile(join(directory, `.${file}`), text)
    await rename(join(directory, `.${file}`), join(directory, file))
  }
}

const printOf = ({ cert }: Pair) => new X509Certificate(cert).fingerprint
const account = () => stand.simulator.state
/** Fingerprints of all certificates of the account. */
const certificates = () => account().certificates.map(({ certificate }) => new X509Certificate(certificate).fingerprint)
const idOf = (pair: Pair) =>
  account().certificates.find(({ certificate }) => new X509Certificate(certificate).fingerprint === printOf(pair))?.id ?? 'none'
const certificateOf = (port: number) => stand.listener(port)?.config['ServerCertificateId']
const serves = (pair: Pair, port = 443) =>
  until(`port ${port} has the certificate`, () => stand.listener(port)?.status === 'running' && certificateOf(port) === idOf(pair))
const messages = () => stand.logged.map((line) => JSON.parse(line))
const problem = (text: string) =>
  until(`a problem that says ${text}`, () => messages().some((line) => line.message === 'problem' && String(line.problem).includes(text)))
/** What was last said of a problem. */
const lastOf = (text: string) => messages().findLast(({ problem: said }) => String(said).includes(text))?.message
const changes = () => messages().flatMap(({ message, change }) => (message === 'change applied' ? [String(change)] : []))

const secure = (name: string, published: number, port: number, labels: Readonly<Record<string, string>> = {}) =>
  swarmService(name, published, { 'slb.port.80': `https://:${port}`, 'slb.port.80.cert-id': 'file:shop', ...labels })
const shop = (labels: Readonly<Record<string, string>> = {}) => secure('shop', 30000, 443, labels)

describe('a certificate in a file', () => {
  test('is uploaded with our tag and the listener is made with it; its renewal takes its place, and then the old one goes', async () => {
    await begin()
    const [first, second] = [selfSigned('shop.example.com'), selfSigned('shop.example.com')]
    await put(first)
    stand.services([shop()])
    start()
    await serves(first)
    const [certificate] = account().certificates
    const print = printOf(first).replaceAll(':', '').toLowerCase()
    expect(certificate?.name).toBe(`swarm-slb/me/shop/${print.slice(0, 12)}`)
    expect(certificate?.tags).toEqual([{ key: 'swarm-slb:me:cluster0123456789', value: `shop/${print}` }])
    await put(second)
    await serves(second)
    await until('the old one is gone', () => certificates().join() === printOf(second))
    await until('that was logged', () => changes().some((line) => line.startsWith('delete certificate')))
    expect(
      changes()
        .filter((line) => line.includes('certificate'))
        .map((line) => line.split(' ')[0]),
    ).toEqual(['upload', 'upload', 'delete'])
    expect(changes().filter((line) => line.startsWith('update listener'))).toHaveLength(1)
  })

  test('serves two listeners and two services at once, and is uploaded once', async () => {
    await begin()
    const [first, second] = [selfSigned('shop.example.com'), selfSigned('shop.example.com')]
    await put(first)
    stand.services([shop({ 'slb.port.80': 'https://:443;https://:8443' }), secure('api', 30001, 9443)])
    start()
    for (const port of [443, 8443, 9443]) await serves(first, port)
    expect(certificates()).toEqual([printOf(first)])
    await put(second)
    for (const port of [443, 8443, 9443]) await serves(second, port)
    await until('the old one is gone', () => certificates().join() === printOf(second))
  })

  test('serves a further host, too', async () => {
    await begin()
    const [first, second] = [selfSigned('shop.example.com'), selfSigned('www.example.com')]
    await put(first)
    await put(second, 'www')
    stand.services([shop({ 'slb.port.80.domain-extensions': 'www.example.com:file:www' })])
    start()
    await serves(first)
    const extension = () => stand.listener(443)?.domainExtensions.map(({ domain, certificateId }) => `${domain} ${certificateId}`)
    await until('the extension is there', () => extension()?.join() === `www.example.com ${idOf(second)}`)
    const renewed = selfSigned('www.example.com')
    await put(renewed, 'www')
    await until('it has the new one', () => extension()?.join() === `www.example.com ${idOf(renewed)}`)
    await until('the old one is gone', () => !certificates().includes(printOf(second)))
    expect(certificateOf(443)).toBe(idOf(first))
  })

  test('that nothing names any more goes after the grace', async () => {
    await begin()
    const first = selfSigned('shop.example.com')
    await put(first)
    stand.services([shop()])
    start()
    await serves(first)
    stand.services([])
    await until('listener and certificate are gone', () => stand.listener(443) === undefined && certificates().length === 0, 8000)
  })
})

describe('a fault', () => {
  const good = selfSigned('shop.example.com')
  const day = 86_400_000

  beforeAll(async () => {
    await open()
    await put(good)
    stand.services([shop()])
    start()
    await serves(good)
  })
  afterAll(end)

  test.each<[string, () => Promise<unknown>, string]>([
    ['a key of another certificate', () => put({ ...selfSigned('shop.example.com'), key: good.key }), 'do not match'],
    ['an expired one', () => put(selfSigned('shop.example.com', { to: new Date(Date.now() - day) })), 'it expired on'],
    ['one of tomorrow', () => put(selfSigned('shop.example.com', { from: new Date(Date.now() + day) })), 'it is not valid before'],
    ['half a file', () => writeFile(join(directory, 'shop.crt'), good.cert.slice(0, 200)), 'shop.crt holds no certificate'],
    ['no file at all', () => rm(join(directory, 'shop.crt')), 'neither shop.crt nor'],
    ['no directory at all', () => rm(directory, { recursive: true }), 'neither shop.crt nor'],
  ])('such as %s is a problem, and the old one stays', async (_, spoil, text) => {
    await spoil()
    await problem(text)
    expect(certificates()).toEqual([printOf(good)])
    expect(certificateOf(443)).toBe(idOf(good))
    await mkdir(directory, { recursive: true })
    await put(good)
    await until('it is over', () => lastOf(text) === 'problem: over')
  })

  test('keeps nothing else from being followed', async () => {
    await put({ ...good, key: 'none' })
    await problem('shop.key holds no private key')
    stand.services([shop({ 'slb.port.80.health-check-interval': '7' })])
    await until('the rest is followed', () => Number(stand.listener(443)?.config['HealthCheckInterval']) === 7)
    expect(certificateOf(443)).toBe(idOf(good))
  })
})

describe('where no listener is yet', () => {
  const good = selfSigned('shop.example.com')

  test('a certificate for another host makes none, until it is for that host too', async () => {
    await begin()
    await put(good)
    stand.services([shop({ 'slb.port.80.domain-extensions': 'www.example.com:file:shop' })])
    start()
    await problem('it is not for www.example.com, but for shop.example.com')
    expect(stand.lb().listeners).toEqual([])
    const both = selfSigned('shop.example.com', { moreNames: ['www.example.com'] })
    await put(both)
    await serves(both)
  })

  test('no file makes none, until it is there', async () => {
    await begin()
    stand.services([shop()])
    start()
    await problem('neither shop.crt nor')
    expect(stand.lb().listeners).toEqual([])
    await put(good)
    await serves(good)
    await until('it is over', () => messages().some(({ message }) => message === 'problem: over'))
  })
})

describe('the private key', () => {
  /** What a page answers on the unix socket. */
  const page = (socketPath: string, path: string) =>
    new Promise<string>((resolve, reject) => {
      getHttp({ socketPath, path }, async (incoming) => resolve((await incoming.setEncoding('utf8').toArray()).join(''))).on(
        'error',
        reject,
      )
    })

  test('is in no log line, page or plan, and in no call but the upload', async () => {
    const socket = join(tmpdir(), `certificates-${process.pid}.sock`)
    await begin({ env: { SLB_SOCKET: socket } })
    const first = selfSigned('shop.example.com')
    await put(first)
    stand.services([shop()])
    const report = await planOnce(readConfig({ env: stand.env, flags: {} }), silent, AbortSignal.timeout(10_000))
    start()
    await serves(first)
    await put({ ...first, key: selfSigned('other.example.com').key })
    await problem('do not match')
    const uploaded = account().certificates[0]?.privateKey ?? ''
    expect(uploaded).toContain('PRIVATE KEY')
    const secrets = [first.key, uploaded].flatMap((pem) => pem.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----')))
    const pages = await Promise.all(['/status.json', '/metrics'].map((path) => page(socket, path)))
    expect(pages[0]).toContain('do not match')
    const texts = [...pages, stand.logged.join('\n'), JSON.stringify(report), JSON.stringify(stand.simulator.requests.entries())]
    for (const secret of secrets) for (const text of texts) expect(text).not.toContain(secret)
  })
})

describe('a plan', () => {
  test('shows the upload and the listener that follows, and writes nothing', async () => {
    await begin()
    await put(selfSigned('shop.example.com'))
    stand.services([shop({ 'slb.port.80.allow': '10.0.0.0/8' })])
    const report = await planOnce(readConfig({ env: stand.env, flags: {} }), silent, AbortSignal.timeout(10_000))
    expect(report.inSync).toBe(false)
    expect(report.region).toEqual([
      expect.stringMatching(/^upload certificate shop as swarm-slb\/me\/shop\/[0-9a-f]{12}$/),
      'create access control list swarm-slb/me/shop/80-tcp/lb-1 with 1 entry (10.0.0.0/8)',
    ])
    expect(report.loadBalancers[0]?.changes).toContain('create listener https:443 -> default group on port 30000')
    expect(stand.simulator.requests.counts().writes).toBe(0)
  })
})

describe('access', () => {
  const allowed = () =>
    account()
      .acls.flatMap(({ entries }) => entries.map(({ entry }) => entry))
      .sort()
  const web = (labels: Readonly<Record<string, string>>) => swarmService('web', 30000, { 'slb.port.80': 'http://:8080', ...labels })

  test('is a list of our own, there before the listener, kept in step, refilled, and removed when nobody uses it', async () => {
    await begin()
    stand.services([web({ 'slb.port.80.allow': '10.0.0.0/8, 203.0.113.7' })])
    start()
    await until('the listener runs', () => stand.listener(8080)?.status === 'running')
    expect(stand.listener(8080)).toMatchObject({ aclStatus: 'on', aclType: 'white', aclIds: [account().acls[0]?.id] })
    const actions = stand.simulator.requests.entries().map(({ action }) => action)
    const made = actions.indexOf('CreateLoadBalancerHTTPListener')
    expect(actions.indexOf('AddAccessControlListEntry')).toBeLessThan(made)
    const readBack = actions.indexOf('DescribeAccessControlListAttribute', actions.indexOf('AddAccessControlListEntry'))
    expect(readBack).toBeGreaterThan(0)
    expect(readBack).toBeLessThan(made)
    stand.services([web({ 'slb.port.80.allow': '192.0.2.0/24' })])
    await until('the list has the new entries', () => allowed().join() === '192.0.2.0/24')
    for (const list of account().acls) list.entries = []
    await until('it is refilled', () => allowed().join() === '192.0.2.0/24')
    stand.services([web({})])
    await until('the list is gone', () => account().acls.length === 0, 8000)
    expect(stand.listener(8080)).toMatchObject({ status: 'running', aclStatus: 'off' })
  })

  test('of a listener that is there waits for the whole list', async () => {
    await begin()
    stand.services([web({})])
    start()
    await until('the listener runs', () => stand.listener(8080)?.status === 'running')
    stand.simulator.settings.denied.push('AddAccessControlListEntry')
    stand.services([web({ 'slb.port.80.allow': '10.0.0.0/8' })])
    await until('entries are refused', () => messages().some(({ message }) => message === 'change failed'))
    expect(stand.listener(8080)?.aclStatus).toBe('off')
    stand.simulator.settings.denied.length = 0
    await until('it is on', () => stand.listener(8080)?.aclStatus === 'on')
    expect(allowed()).toEqual(['10.0.0.0/8'])
  })
})

describe('beside a service that asks for more access control lists than there is room for', () => {
  const greedy = () => {
    const ports = Array.from({ length: 6 }, (_, n) => ({ target: 1000 + n, published: 31_000 + n }))
    const labels = ports.map(({ target }, n) => ({
      [`slb.port.${target}`]: `tcp://:${target}`,
      [`slb.port.${target}.allow`]: `10.0.${n}.0/24`,
    }))
    return swarmService('greedy', 0, Object.assign({}, ...labels), ports)
  }
  const tried = () => stand.simulator.requests.counts().byAction['CreateAccessControlList'] ?? 0

  test('a certificate is renewed within ten seconds, and of what is refused one a minute is tried', async () => {
    await begin({ simulator: { settings: { quotas: { acls: 2 } } } })
    const [first, second] = [selfSigned('shop.example.com'), selfSigned('shop.example.com')]
    await put(first)
    stand.services([shop(), greedy()])
    // Ten times faster, all waits but those for the cloud's answers.
    stand.start({ speed: 10 })
    await serves(first)
    await problem('AclNumberOverLimit')
    // After 48 s the waits are a minute long.
    await new Promise((resolve) => setTimeout(resolve, 5500))
    const before = tried()
    await put(second)
    const begun = Date.now()
    await serves(second)
    expect(Date.now() - begun).toBeLessThan(2000)
    await new Promise((resolve) => setTimeout(resolve, 6000 - (Date.now() - begun)))
    expect(tried() - before).toBeLessThanOrEqual(2)
    stand.simulator.settings.quotas.acls = 100
    await until('all its ports are there', () => stand.lb().listeners.length === 7, 8000)
  })
})

/** A backend behind the simulated load balancer that answers everything. */
async function backend(): Promise<number> {
  const server = createHttpServer((_, response) => response.end('ok'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const ask = (port: number, agent: Agent) =>
  new Promise<number>((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent }, (incoming) => {
      incoming.resume()
      incoming.on('end', () => resolve(incoming.statusCode ?? 0)).on('error', reject)
    }).on('error', reject)
  })

/** Fingerprint that a new connection is shown. */
const shown = (port: number) =>
  new Promise<string | undefined>((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false, rejectUnauthorized: false }, ({ socket }) => {
      resolve(socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.fingerprint : undefined)
      socket.destroy()
    }).on('error', reject)
  })

test('a renewal under load fails no request', async () => {
  const [behind, front] = [await backend(), await freePort()]
  await begin({ state: { instances: [{ id: 'i-1', privateIp: '127.0.0.1' }] }, simulator: { dataPlane: true } })
  stand.nodes(swarmNodes(1, { 'node-1': { labels: { 'slb.instance-id': 'i-1' } } }))
  const [first, second] = [selfSigned('shop.example.com'), selfSigned('shop.example.com')]
  await put(first)
  stand.services([secure('shop', behind, front, { 'slb.port.80.health-check-flag': 'off' })])
  start()
  await serves(first, front)
  await until('the data plane listens', () => stand.simulator.problems().length === 0)
  const agents = [new Agent({ keepAlive: true, rejectUnauthorized: false }), new Agent({ rejectUnauthorized: false, maxCachedSessions: 0 })]
  onTestFinished(() => {
    for (const agent of agents) agent.destroy()
  })
  const answers: (number | string)[] = []
  let over = false
  const load = agents.map(async (agent) => {
    while (!over) answers.push(await ask(front, agent).catch((error: Error) => error.message))
  })
  const before = await shown(front)
  const more = (count: number, soFar = answers.length) => until('answers under load', () => answers.length >= soFar + count)
  await more(20)
  await put(second)
  await serves(second, front)
  await until('the old one is gone', () => certificates().join() === printOf(second), 8000)
  const after = await shown(front)
  await more(20)
  over = true
  await Promise.all(load)
  expect([before, after]).toEqual([printOf(first), printOf(second)])
  expect(answers.filter((answer) => answer !== 200)).toEqual([])
})
