// The daemon as a process of its own, ended by SIGKILL in the middle of its calls, and started again.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { startStand, until } from '../support/stand.ts'
import { account, canonical, doubles, foreign } from './account.ts'
import { createStage, newDirectory, removeDirectory, SCENARIO } from './scenario.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

/** Everything is made at once, and in a second life everything changes at once. Nothing is removed: a service that was never seen has minutes. */
const FIRST = SCENARIO.slice(0, 12).map(({ name }) => name)
const THEN = [
  'certificates are renewed',
  'options of four protocols change',
  'a node joins',
  'a node drains',
  'a published port changes',
  'a target moves to another port',
  'a target moves to another load balancer',
  'a protocol is replaced',
  'a node port changes hands',
]
const SAMPLES = 5

async function open() {
  const directory = await newDirectory()
  const stand = await startStand({
    state: account(),
    env: { SLB_ALLOW: 'lb-2', SLB_CERT_DIR: directory, SLB_MAX_DELETES: '50', SLB_DRAIN: '1s' },
  })
  const { state, requests } = stand.simulator
  const stage = createStage({ services: stand.services, nodes: stand.nodes, directory, restart: () => Promise.resolve() })
  let child: ChildProcess | undefined
  let calls = 0
  let killAt = Number.POSITIVE_INFINITY
  const twice = new Set<string>()
  const add = requests.add
  requests.add = (entry) => {
    add(entry)
    calls += 1
    for (const name of doubles(state)) twice.add(name)
    if (calls === killAt) child?.kill('SIGKILL')
  }
  const env = { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'error', ...stand.env }
  const start = () => {
    child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'run'], { env, stdio: 'ignore' })
    return child
  }
  return {
    ...{ state, twice, start },
    calls: () => calls,
    /** Counted from now. */
    killAfter(count: number) {
      killAt = calls + count
    },
    async act(steps: readonly string[]) {
      for (const name of steps) await SCENARIO.find((step) => step.name === name)?.act(stage)
    },
    async end() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
    async close() {
      await this.end()
      await stand.close()
      await removeDirectory(directory)
    },
  }
}

type Ground = Awaited<ReturnType<typeof open>>

/** Until nothing was written for some seconds. */
async function settled({ state, calls }: Ground): Promise<string> {
  let [text, still, seen] = ['', 0, -1]
  await until(
    'nothing changes any more',
    () => {
      const now = canonical(state)
      const silent = seen === calls() || now === text
      still = silent ? still + 1 : 0
      ;[text, seen] = [now, calls()]
      return still > 600 && calls() > 0
    },
    120_000,
  )
  return text
}

let normal: readonly { readonly end: string; readonly calls: number }[] = []

beforeAll(async () => {
  const ground = await open()
  try {
    await ground.act(FIRST)
    ground.start()
    const first = { end: await settled(ground), calls: ground.calls() }
    await ground.end()
    await ground.act(THEN)
    const before = ground.calls()
    ground.start()
    normal = [first, { end: await settled(ground), calls: ground.calls() - before }]
  } finally {
    await ground.close()
  }
}, 300_000)

const shares = Array.from({ length: SAMPLES }, (_, index) => (index + 0.5) / SAMPLES)

test.each(shares)(
  'a process that is killed after %f of its calls, twice in its life, is made good by the next',
  { timeout: 300_000 },
  async (share) => {
    const ground = await open()
    const others = foreign(ground.state)
    try {
      for (const [index, steps] of [FIRST, THEN].entries()) {
        const usual = normal[index] ?? { end: '', calls: 0 }
        await ground.act(steps)
        ground.killAfter(Math.max(1, Math.round(usual.calls * share)))
        const [, signal] = await once(ground.start(), 'exit')
        expect(signal).toBe('SIGKILL')
        ground.start()
        await until('it is as if nothing had happened', () => canonical(ground.state) === usual.end, 100_000).catch(() => {
          expect(canonical(ground.state)).toBe(usual.end)
        })
        await ground.end()
      }
      expect([...ground.twice]).toEqual([])
      expect(foreign(ground.state)).toBe(others)
    } finally {
      await ground.close()
    }
  },
)
