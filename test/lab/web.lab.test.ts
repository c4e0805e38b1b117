// What http adds to it, on a real swarm with real clients: services that share a listener by host name, cookies, and a certificate from
// a file that is renewed under load.
import { X509Certificate } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import nock from 'nock'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { balancer } from './cloud.ts'
import { type Visitor, visitor } from './curl.ts'
import type { Site } from './site.ts'
import { createService, FIRST_MS, findListener, type Stage, setStage } from './stage.ts'
import { found, notYet, until } from './wait.ts'

// Handshakes here are to be the real ones.
nock.restore()

const CHANGE_MS = 40_000
/** The file is looked at every 8 s. */
const RENEWED_MS = 20_000
const NAMES = ['shop.example.com', 'blog.example.com', 'edge.example.com'] as const
const CERTIFICATES = '/certificates'
const CLIENTS = 4
const VISITS = 12

type Pair = ReturnType<typeof selfSigned>
const certificate = () => selfSigned(NAMES[0], { moreNames: NAMES.slice(1) })
const printOf = (one: string | Buffer) => new X509Certificate(one).fingerprint

const folderOf = (site: Site) => join(site.folder, 'certificates')

/** As ACME clients do it: each file is replaced at once. */
function put(folder: string, { cert, key }: Pair): void {
  for (const [file, text] of [
    ['site.crt', cert],
    ['site.key', key],
  ] as const) {
    writeFileSync(join(folder, `.${file}`), text)
    renameSync(join(folder, `.${file}`), join(folder, file))
  }
}

/** On each manager the same folder, as a volume that all of them share. */
function sharedVolume(site: Site): readonly object[] {
  mkdirSync(folderOf(site), { recursive: true })
  return [{ type: 'bind', source: folderOf(site), target: CERTIFICATES, read_only: true }]
}

const onBoth = (...more: readonly string[]) =>
  ['slb.port.80=http://:80;https://:443', 'slb.port.80.cert-id=file:site', 'slb.port.80.sticky-session=on', ...more].flatMap((label) => [
    '--label',
    label,
  ])

describe('http and https on a swarm of three managers', () => {
  let stage: Stage
  const first = certificate()
  beforeAll(async () => {
    const env = { SLB_EXPOSE: 'labelled', SLB_RESYNC_INTERVAL: '5s', SLB_CERT_DIR: CERTIFICATES }
    stage = await setStage(env, sharedVolume)
    put(folderOf(stage.site), first)
  }, 600_000)
  afterAll(() => stage?.site.down())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`swarm-slb, last lines:\n${await stage.daemon.logTail(40)}\n`)
  })

  const visit = (): Visitor => {
    const one = visitor(stage.cloud.address)
    onTestFinished(() => one.end())
    return one
  }
  /** Containers of a service, by the host name that their page shows. */
  const tasksOf = async (service: string): Promise<readonly string[]> => {
    const filter = ['ps', '--quiet', '--filter', `label=com.docker.swarm.service.name=${service}`]
    return (await Promise.all(stage.lab.nodes().map((node) => stage.lab.docker(node, filter)))).flatMap((text) => text.split('\n'))
  }
  /** Which task answered, and the address from which it was asked: behind the routing mesh that of the node where the request came in. */
  const servedBy = async (one: Visitor, url: string): Promise<{ readonly task: string; readonly from: string }> => {
    const { status, body } = await one.get(`${url}/cgi-bin/request`)
    expect(`${url}: ${status}`).toBe(`${url}: 200`)
    const field = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(body)?.[1] ?? ''
    return { task: field('task'), from: field('remote') }
  }
  const answers = (url: string) =>
    until(`${url} answers`, FIRST_MS, async () => {
      const one = visitor(stage.cloud.address)
      const { status } = await one.get(`${url}/license.txt`).finally(() => one.end())
      return status === 200 ? found(true) : notYet(status)
    })
  const times = async <T>(count: number, what: () => Promise<T>): Promise<T[]> => {
    const all: T[] = []
    while (all.length < count) all.push(await what())
    return all
  }

  test('two services share a listener by host name, and a host of neither gets nothing', async () => {
    for (const name of ['shop', 'blog']) {
      await createService(stage, name, '--replicas', '3', '--publish', '80', ...onBoth(`slb.port.80.rules=${name}.example.com`))
    }
    for (const name of ['shop', 'blog']) {
      await answers(`http://${name}.example.com`)
      const seen = await times(VISITS, async () => (await servedBy(visit(), `http://${name}.example.com`)).task)
      const own = await tasksOf(name)
      expect(seen.filter((task) => !own.includes(task))).toEqual([])
      expect(new Set(seen).size).toBeGreaterThan(1)
    }
    expect((await visit().get('http://other.example.com/')).status).not.toBe(200)
    const { listeners, groups } = await balancer(stage.cloud)
    const listener = listeners.find(({ port }) => port === 80)
    expect(listener?.rules.map(({ domain }) => domain).toSorted()).toEqual(['blog.example.com', 'shop.example.com'])
    expect(groups.find(({ id }) => id === listener?.vServerGroupId)?.servers).toEqual([])
  })

  test('a cookie keeps a visitor on one node, but behind the routing mesh not on one task', async () => {
    const without = await times(VISITS, () => servedBy(visit(), 'http://shop.example.com'))
    const one = visit()
    const withCookie = await times(VISITS, () => servedBy(one, 'http://shop.example.com'))
    expect(new Set(without.map(({ from }) => from)).size).toBe(3)
    expect(new Set(withCookie.map(({ from }) => from)).size).toBe(1)
    // The mesh of each node spreads the requests over all tasks, whatever the cookie says.
    expect(new Set(withCookie.map(({ task }) => task)).size).toBe(3)
  })

  test('a cookie keeps a visitor on one task where the port is in host mode, on the same listener', async () => {
    const publish = ['--mode', 'global', '--publish', 'mode=host,target=80,published=8085']
    await createService(stage, 'edge', ...publish, ...onBoth('slb.port.80.rules=edge.example.com'))
    await answers('http://edge.example.com')
    const tasks = await until('each task is asked by somebody', CHANGE_MS, async () => {
      const seen = await times(VISITS, () => servedBy(visit(), 'http://edge.example.com'))
      const some = new Set(seen.map(({ task }) => task))
      return some.size === 3 ? found(some) : notYet([...some].join(' '))
    })
    const loyal = await times(3, async () => {
      const one = visit()
      return new Set((await times(VISITS, () => servedBy(one, 'http://edge.example.com'))).map(({ task }) => task))
    })
    expect(loyal.map(({ size }) => size)).toEqual([1, 1, 1])
    for (const [task] of loyal) expect(tasks).toContain(task)
  })

  test('https serves all of them with a certificate from a file', async () => {
    for (const name of NAMES) await answers(`https://${name}`)
    expect(await shown(stage.cloud.address)).toBe(printOf(first.cert))
    expect(await findListener(stage, 443)).toMatchObject({ protocol: 'https', status: 'running' })
    const { certificates } = await stage.cloud.state()
    expect(certificates.map((one) => printOf(one.certificate))).toEqual([printOf(first.cert)])
  })

  test('a renewal of the file is served within seconds and fails no request', async () => {
    const renewed = certificate()
    const end = underLoad(stage.cloud.address)
    await sleep(1000)
    const began = Date.now()
    put(folderOf(stage.site), renewed)
    await until('the new one is served', RENEWED_MS, async () => {
      const print = await shown(stage.cloud.address)
      return print === printOf(renewed.cert) ? found(true) : notYet(print)
    })
    const servedMs = Date.now() - began
    await until('the old one is gone', CHANGE_MS, async () => {
      const left = (await stage.cloud.state()).certificates.map((one) => printOf(one.certificate))
      return left.join() === printOf(renewed.cert) ? found(true) : notYet(left.length)
    })
    const { good, failures } = await end()
    process.stdout.write(`renewal: served after ${servedMs} ms, ${good} requests, ${failures.length} failed\n`)
    expect(failures).toEqual([])
    expect(good).toBeGreaterThan(100)
  })

  test('a service that goes takes its rules along, and the others stay', async () => {
    await stage.site.docker(['service', 'rm', 'blog'])
    await until('its rules are gone', CHANGE_MS, async () => {
      const rules = (await balancer(stage.cloud)).listeners.flatMap((listener) => listener.rules.map(({ domain }) => domain))
      return rules.includes('blog.example.com') ? notYet(rules.join(' ')) : found(true)
    })
    for (const url of ['http://shop.example.com', 'https://shop.example.com', 'https://edge.example.com']) await answers(url)
    expect(await stage.daemon.command(['status'])).toMatch(/shop\s+80\/tcp.*shop\.example\.com/)
  })
})

/** Fingerprint of the certificate that a new connection gets. */
const shown = (host: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect({ host, port: 443, servername: NAMES[0], rejectUnauthorized: false, timeout: 3000 }, () => {
      const { raw } = socket.getPeerCertificate()
      socket.destroy()
      resolve(printOf(raw))
    })
    socket.on('timeout', () => socket.destroy(new Error('no handshake within 3 s')))
    socket.on('error', reject)
  })

const ask = (host: string, agent: Agent, name: string) =>
  new Promise<void>((resolve, reject) => {
    const options = { host, port: 443, agent, path: '/license.txt', servername: name, headers: { host: name }, timeout: 5000 }
    const call = get(options, (answer) => {
      answer.resume().on('error', reject)
      answer.on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`))))
    })
    call.on('timeout', () => call.destroy(new Error('no answer within 5 s')))
    call.on('error', reject)
  })

/** Clients with a kept connection, and as many with a full handshake for each request. */
function underLoad(host: string) {
  let [over, good] = [false, 0]
  const failures: string[] = []
  const clients = Array.from({ length: CLIENTS }, async (_, index) => {
    const agent = new Agent({ keepAlive: index % 2 === 0, rejectUnauthorized: false, maxCachedSessions: 0 })
    while (!over) {
      try {
        await ask(host, agent, NAMES[index % NAMES.length] ?? NAMES[0])
        good += 1
      } catch (error) {
        failures.push(String(error))
      }
      await sleep(20)
    }
    agent.destroy()
  })
  return async () => {
    over = true
    await Promise.all(clients)
    return { good, failures }
  }
}
