// A stand whose cloud can lie, and what every test of a lie asks: did what is programmed stay, is the reason told, was it mended by itself?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import type { StatusPage } from '../../src/board.ts'
import { ask } from '../../src/http/client.ts'
import { type Stand, type StandOptions, startStand, until } from '../support/stand.ts'
import { type Liar, startLiar } from './liar.ts'

export type Scene = {
  readonly stand: Stand
  readonly liar: Liar
  /** Empty, and gone after the test. */
  readonly directory: string
  page(): Promise<StatusPage>
  /** Waits until what the daemon tells of itself holds this. */
  told(text: string | RegExp, ms?: number): Promise<void>
  /** Everything of the account that carries traffic, as text. */
  programmed(): string
  running(port: number): boolean
  writes(): number
  calls(action: string): number
}

export const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** `lying`: calls to the cloud go through the liar. Certificates are read from `directory`, `late` has variables that name it. */
export async function openScene(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  options: StandOptions & { readonly lying?: boolean; readonly late?: (directory: string) => Readonly<Record<string, string>> } = {},
): Promise<Scene> {
  const directory = mkdtempSync(join(tmpdir(), 'swarm-slb-lies-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  let truth = ''
  const liar = await startLiar(() => truth)
  onTestFinished(liar.close)
  const through = options.lying === true ? { SLB_ENDPOINT: liar.url, ECS_ENDPOINT: liar.url } : {}
  const socketPath = join(directory, 'slb.sock')
  const env = {
    SLB_SOCKET: socketPath,
    SLB_CERT_DIR: directory,
    SLB_RESYNC_INTERVAL: '1s',
    ...through,
    ...options.env,
    ...options.late?.(directory),
  }
  const stand = await startStand({ ...options, env })
  truth = stand.simulator.apiUrl
  onTestFinished(stand.close)
  const page = async (): Promise<StatusPage> => JSON.parse((await ask({ socketPath }, { path: '/status.json', timeoutMs: 5000 })).text)
  const { requests, state } = stand.simulator
  return {
    stand,
    liar,
    directory,
    page,
    async told(text, ms = 20_000) {
      const end = Date.now() + ms
      for (let last = ''; ; ) {
        last = await page().then(JSON.stringify, String)
        if (typeof text === 'string' ? last.includes(text) : text.test(last)) return
        if (Date.now() > end) throw new Error(`not told within ${ms} ms: ${text}; the page says ${last}`)
        await wait(20)
      }
    },
    programmed: () =>
      JSON.stringify(
        state.loadBalancers.map(({ listeners, groups, backendServers, tags }) => ({ listeners, groups, backendServers, tags })),
        undefined,
        1,
      ),
    running: (port) => state.loadBalancers.some((lb) => lb.listeners.some((one) => one.port === port && one.status === 'running')),
    writes: () => requests.counts().writes,
    calls: (action) => requests.counts().byAction[action] ?? 0,
  }
}

/** Starts the daemon with these services and waits until all of these ports are served. */
export async function expose(scene: Scene, services: readonly object[], ports: readonly number[], tuning?: Parameters<Stand['start']>[0]) {
  scene.stand.services(services)
  scene.stand.start(tuning)
  await until(`ports ${ports.join()} run`, () => ports.every(scene.running), 30_000)
}
