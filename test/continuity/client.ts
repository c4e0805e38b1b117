// Clients in front of a load balancer, at a steady rate, and what they saw.
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kind } from './mesh.ts'

export type Seen = {
  readonly requests: number
  readonly perSecond: number
  /** The same, of the time until `mark`. */
  readonly atRest: number
  /** What each failed request met. */
  readonly failures: readonly string[]
  /** Longest time without any answer, milliseconds. */
  readonly gap: number
}

export type Target = { readonly kind: Kind; readonly address: string; readonly port: number }

/** One request; the answer is why it failed. */
type Ask = () => Promise<string | undefined>

const CLIENTS = 6
/** Of all clients together. */
const PER_SECOND = 700
const DEADLINE_MS = 10_000

const textOf = (error: Error) => ('code' in error ? String(error.code) : error.message)

const askHttp = ({ address, port }: Target, agent: Agent): Ask => {
  return () =>
    new Promise((resolve) => {
      const call = get({ host: address, port, agent, timeout: DEADLINE_MS }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode === 200 ? undefined : `status ${answer.statusCode}`))
        answer.on('error', (error) => resolve(textOf(error)))
      })
      call.on('timeout', () => call.destroy(new Error('no answer')))
      call.on('error', (error) => resolve(textOf(error)))
    })
}

const open = ({ address, port }: Target) =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })

/** A line there and back. */
const exchange = (socket: Socket) =>
  new Promise<string | undefined>((resolve) => {
    const end = (why: string | undefined) => {
      socket.off('data', onData).off('error', onError).off('close', onClose)
      resolve(why)
    }
    const onData = () => end(undefined)
    const onError = (error: Error) => end(textOf(error))
    const onClose = () => end('closed')
    socket.on('data', onData).on('error', onError).on('close', onClose)
    socket.write('ping\n')
  })

function askTcp(target: Target, keeps: boolean): { readonly ask: Ask; readonly end: () => void } {
  let kept: Socket | undefined
  const connected = async () => {
    if (kept !== undefined && !kept.destroyed) return kept
    const socket = await open(target)
    socket.on('error', () => {})
    return socket
  }
  return {
    ask: async () => {
      try {
        const socket = await connected()
        kept = keeps ? socket : undefined
        const why = await exchange(socket)
        if (!keeps || why !== undefined) socket.destroy()
        return why
      } catch (error) {
        return error instanceof Error ? textOf(error) : String(error)
      }
    },
    end: () => kept?.destroy(),
  }
}

function clientOf(target: Target, keeps: boolean): { readonly ask: Ask; readonly end: () => void } {
  if (target.kind === 'tcp') return askTcp(target, keeps)
  const agent = new Agent({ keepAlive: keeps, maxSockets: 1 })
  return { ask: askHttp(target, agent), end: () => agent.destroy() }
}

export interface Clients {
  /** From now on something happens. */
  mark(): void
  /** Ends them, and says what they saw, by target. */
  end(): Promise<ReadonlyMap<Kind, Seen>>
}

/** Clients of every target, half of them on connections that they keep. */
export function startClients(targets: readonly Target[]): Clients {
  const stop = new AbortController()
  const began = performance.now()
  const everyMs = (1000 * CLIENTS * targets.length) / PER_SECOND
  const watched = targets.map((target) => ({
    kind: target.kind,
    requests: 0,
    failures: [] as string[],
    gap: 0,
    answeredAt: began,
    atRest: 0,
    target,
  }))
  const clients = watched.flatMap((seen) =>
    Array.from({ length: CLIENTS }, async (_, index) => {
      const { ask, end } = clientOf(seen.target, index % 2 === 0)
      for (let due = performance.now(); !stop.signal.aborted; due += everyMs) {
        await sleep(Math.max(0, due - performance.now()))
        const why = await ask()
        seen.requests += 1
        if (why !== undefined) {
          seen.failures.push(`${((performance.now() - began) / 1000).toFixed(1)} s: ${why}`)
          continue
        }
        const now = performance.now()
        seen.gap = Math.max(seen.gap, now - seen.answeredAt)
        seen.answeredAt = now
      }
      end()
    }),
  )
  const secondsNow = () => (performance.now() - began) / 1000
  return {
    mark() {
      for (const seen of watched) seen.atRest = seen.requests / secondsNow()
    },
    async end() {
      stop.abort()
      await Promise.all(clients)
      const rate = ({ requests }: { readonly requests: number }) => requests / secondsNow()
      return new Map(
        watched.map((seen) => {
          const { kind, requests, failures, gap, atRest } = seen
          return [kind, { requests, failures, gap, atRest, perSecond: rate(seen) }] as const
        }),
      )
    },
  }
}
