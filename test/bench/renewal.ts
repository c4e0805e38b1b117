// A certificate in a file is renewed while clients come: what that costs, how long it takes to be served, and how many clients notice.
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { Agent, get } from 'node:https'
import { type AddressInfo, createServer as createSocketServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { swarmNodes, swarmService } from '../support/stand.ts'
import { NOTHING, type Open } from './scenario.ts'
import type { Measured, World } from './world.ts'

const HOST = 'shop.example.com'
const TRIES = 3
/** Between two requests of one client. */
const PAUSE_MS = 10

type Pair = ReturnType<typeof selfSigned>

const printOf = (certificate: string | Buffer) => new X509Certificate(certificate).fingerprint

async function put(directory: string, { cert, key }: Pair): Promise<void> {
  for (const [file, text] of [
    ['shop.crt', cert],
    ['shop.key', key],
  ] as const) {
    await writeFile(join(directory, `.${file}`), text)
    await rename(join(directory, `.${file}`), join(directory, file))
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createSocketServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Fingerprint that a new connection is shown. */
const shown = (port: number) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: HOST, rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate()
      socket.destroy()
      resolve(printOf(raw))
    })
    socket.on('error', reject)
  })

const ask = (port: number, agent: Agent) =>
  new Promise<boolean>((resolve) => {
    const call = get({ host: '127.0.0.1', port, agent, headers: { host: HOST } }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode === 200))
      answer.on('error', () => resolve(false))
    })
    call.on('error', () => resolve(false))
  })

/** A client that keeps its connection and one that does not, without a pause worth the name. */
function underLoad(port: number): () => Promise<{ readonly good: number; readonly failed: number }> {
  let [over, good, failed] = [false, 0, 0]
  const agents = [new Agent({ keepAlive: true, rejectUnauthorized: false }), new Agent({ rejectUnauthorized: false, maxCachedSessions: 0 })]
  const clients = agents.map(async (agent) => {
    while (!over) {
      if (await ask(port, agent)) good += 1
      else failed += 1
      await sleep(PAUSE_MS)
    }
    agent.destroy()
  })
  return async () => {
    over = true
    await Promise.all(clients)
    return { good, failed }
  }
}

async function renewOnce(world: World, directory: string, port: number): Promise<Measured> {
  const pair = selfSigned(HOST)
  const certificates = () => world.stand.simulator.state.certificates.map(({ certificate }) => printOf(certificate))
  const end = underLoad(port)
  let servedMs = 0
  const measured = await world.measure(
    async () => {
      await put(directory, pair)
      const began = Date.now()
      while ((await shown(port)) !== printOf(pair.cert)) await sleep(20)
      servedMs = Date.now() - began
    },
    () => certificates().join() === printOf(pair.cert),
  )
  const { good, failed } = await end()
  if (good === 0) throw new Error('no client was served')
  return { ...measured, failed, wallMs: servedMs }
}

/** The slowest of three: what the file waits for is a look at it every few seconds. */
export async function renewal(open: Open): Promise<Measured> {
  const backend = createServer((_, response) => response.end('ok'))
  const directory = await mkdtemp(join(tmpdir(), 'swarm-slb-bench-'))
  try {
    const [published, port] = [await listen(backend), await freePort()]
    const labels = {
      'slb.port.80': `https://:${port}`,
      'slb.port.80.cert-id': 'file:shop',
      'slb.port.80.health-check-flag': 'off',
    }
    await put(directory, selfSigned(HOST))
    const world = await open({
      from: 'running',
      state: { instances: [{ id: 'i-1', privateIp: '127.0.0.1' }] },
      nodes: swarmNodes(1, { 'node-1': { labels: { 'slb.instance-id': 'i-1' } } }),
      simulator: { dataPlane: true },
      services: [swarmService('shop', published, labels)],
      // The old certificate goes when a resync has seen that nothing uses it.
      env: { SLB_CERT_DIR: directory, SLB_RESYNC_INTERVAL: '10s' },
      goal: ({ stand }) => stand.listener(port)?.status === 'running',
    })
    const runs: Measured[] = []
    while (runs.length < TRIES) runs.push(await renewOnce(world, directory, port))
    const failed = runs.reduce((sum, run) => sum + run.failed, 0)
    return { ...(runs.toSorted((a, b) => a.wallMs - b.wallMs).at(-1) ?? NOTHING), failed }
  } finally {
    backend.close()
    await rm(directory, { recursive: true, force: true })
  }
}
