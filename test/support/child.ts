// Starts the daemon as the image does, built and in a process of its own, and asks it how it is; or in one file, where only its end counts.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { rolldown } from 'rolldown'
import type { Tuning } from '../../src/app.ts'
import { run } from '../lab/process.ts'
import type { Report } from './child-main.ts'

export type Child = {
  readonly pid: number
  report(): Promise<Report>
  /** Delays of the event loop count from now on. */
  reset(): void
  /** Ends it in good order. */
  stop(): Promise<void>
  /** As a crash would. */
  kill(): Promise<void>
}

/** Inside the project, so that the packages are found. */
const BUILT = '.cache/child'
const BUNDLED = '.cache/child-bundle'
/** As in the image and the systemd unit. */
const FLAGS = ['--max-semi-space-size=2', '--optimize-for-size']

/** Characters of its log that an error quotes. */
const LAST_WORDS = 2000

export async function buildChild(): Promise<void> {
  mkdirSync(BUILT, { recursive: true })
  copyFileSync('package.json', `${BUILT}/package.json`)
  await run([process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'test/support/tsconfig.child.json'])
}

/** What src/swarm/leave-out.ts leaves out. */
const LEFT_OUT = ['ssh2', '@grpc/grpc-js', '@grpc/proto-loader']
const WITHOUT = {
  name: 'without what nobody asks for',
  resolveId: (id: string) => (LEFT_OUT.includes(id) ? '\0none' : undefined),
  load: (id: string) => (id === '\0none' ? 'export default {}' : undefined),
}

/** In one file, which starts in half the time. */
export async function bundleChild(): Promise<void> {
  const bundle = await rolldown({ input: 'test/support/child-main.ts', platform: 'node', plugins: [WITHOUT], logLevel: 'silent' })
  await bundle.write({ dir: `${BUNDLED}/dist`, format: 'esm' })
  await bundle.close()
  copyFileSync('package.json', `${BUNDLED}/package.json`)
}

export type ChildOptions = {
  /** After `bundleChild`. */
  readonly bundled?: boolean
  readonly env: Readonly<Record<string, string>>
  readonly tuning?: Tuning
  /** Told of what it logs. */
  readonly onLog?: (text: string) => void
}

/** After `buildChild`. */
export function startChild({ env, bundled = false, tuning = {}, onLog = () => {} }: ChildOptions): Child {
  const program = bundled ? [`${BUNDLED}/dist/child-main.js`] : [...FLAGS, `${BUILT}/test/support/child-main.js`]
  const child = spawn(process.execPath, program, {
    env: { PATH: process.env['PATH'] ?? '', ...env, TUNING: JSON.stringify(tuning) },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  let last = ''
  child.stderr?.on('data', (text) => {
    last = `${last}${text}`.slice(-LAST_WORDS)
    onLog(String(text))
  })
  const { pid } = child
  if (pid === undefined) throw new Error('the daemon did not start')
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  return {
    pid,
    report: () => ask(child, () => last),
    reset: () => void child.send('reset'),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

async function ask(child: ChildProcess, words: () => string): Promise<Report> {
  if (!child.connected) throw new Error(`the daemon has ended: ${words()}`)
  const ended = new AbortController()
  const onExit = () => ended.abort(new Error(`the daemon has ended: ${words()}`))
  child.once('exit', onExit)
  try {
    const answer = once(child, 'message', { signal: ended.signal })
    child.send('report')
    const [report] = await answer
    return report as Report
  } finally {
    child.off('exit', onExit)
  }
}

/** Of /proc/<pid>/status, in MB: now, and the most since its start. */
export function memoryOf(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? Number.NaN) / 1024
}
