// A steady load: new visitors at a fixed rate, whether or not those before them have been answered. Every failure is kept.
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { getText } from '../http.ts'

export type Failure = { readonly at: number; readonly endedAt: number; readonly cause: string }

export interface Stream {
  readonly name: string
  /** Visits begun so far. */
  visits(): number
  readonly failures: readonly Failure[]
  /** For how long the oldest visitor has been waiting for an answer; ms. */
  waiting(): number
  stop(): Promise<void>
}

/** How long a visitor waits. The load balancer gives a server up after 5 s: through it longer, so that its answer is seen; past it shorter. */
export const PATIENCE_MS = { through: 8000, past: 4000 } as const

export function startStream(name: string, perSecond: number, visit: () => Promise<void>): Stream {
  const failures: Failure[] = []
  const open = new Map<Promise<void>, number>()
  const ended = new AbortController()
  let visits = 0
  const begin = () => {
    const at = Date.now()
    visits += 1
    const one = visit()
      .catch((error: unknown) => void failures.push({ at, endedAt: Date.now(), cause: causeOf(error) }))
      .finally(() => open.delete(one))
    open.set(one, at)
  }
  const run = async () => {
    const began = Date.now()
    while (!ended.signal.aborted) {
      // A busy machine may be late: then several come at once.
      while (visits < ((Date.now() - began) * perSecond) / 1000) begin()
      await sleep(1000 / perSecond, undefined, { signal: ended.signal }).catch(() => {})
    }
    await Promise.all(open.keys())
  }
  const running = run()
  return {
    name,
    visits: () => visits,
    failures,
    waiting: () => Date.now() - Math.min(Date.now(), ...open.values()),
    stop() {
      ended.abort()
      return running
    },
  }
}

const causeOf = (error: unknown): string => {
  const { code, name, message } = error as NodeJS.ErrnoException
  return name === 'TimeoutError' || name === 'AbortError' ? 'no answer' : (code ?? message)
}

/** Fails where the answer is not 200. */
export const visitPage = (url: string, patienceMs: number) => async (): Promise<void> => {
  const { status } = await getText(url, patienceMs)
  if (status !== 200) throw new Error(`status ${status}`)
}

/** Fails where the line that is sent does not come back. */
export const visitEcho = (host: string, port: number, patienceMs: number) => (): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const line = `${process.hrtime.bigint()}\n`
    let heard = ''
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error('no answer'), { name: 'TimeoutError' })), patienceMs)
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text
      if (heard.endsWith('\n')) socket.end()
    })
    socket.once('connect', () => socket.write(line))
    socket.once('error', reject)
    socket.once('close', () => {
      clearTimeout(timer)
      if (heard === line) resolve()
      else reject(new Error(heard === '' ? 'closed' : 'cut'))
    })
  })
