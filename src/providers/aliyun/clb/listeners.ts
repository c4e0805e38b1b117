// DescribeLoadBalancerListeners for several load balancers at once: those opened within the same few milliseconds share a call.
import { setTimeout as sleep } from 'node:timers/promises'
import { CallError } from '../../provider.ts'
import type { Rpc } from '../rpc.ts'
import { type ListenerRow, listenersSchema, malformed, parse } from './wire.ts'

const ACTION = 'DescribeLoadBalancerListeners'
/** The API takes at most this many ids in one call. */
const MAX_IDS = 10
/** Rows of one answer, the API's most. */
const PAGE = 100
/** More pages than this are a loop of tokens, not a list. */
const MAX_PAGES = 100

export type ReadListeners = (id: string, signal: AbortSignal) => Promise<readonly ListenerRow[]>

type Waiting = {
  readonly id: string
  readonly signal: AbortSignal
  readonly resolve: (rows: Rows) => void
  readonly reject: (error: unknown) => void
}
type Rows = readonly ListenerRow[]

async function readAll(rpc: Rpc, ids: readonly string[], signal: AbortSignal): Promise<Rows> {
  const rows: ListenerRow[] = []
  let token = ''
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params = { LoadBalancerId: ids, MaxResults: PAGE, ...(token === '' ? {} : { NextToken: token }) }
    const reply = await rpc(ACTION, params, { kind: 'read', signal })
    const answer = parse(ACTION, listenersSchema, reply)
    const stray = answer.Listeners.find(({ LoadBalancerId }) => !ids.includes(LoadBalancerId))
    if (stray !== undefined) throw malformed(ACTION, `answered for ${stray.LoadBalancerId}, which was not asked for`, reply.requestId)
    rows.push(...answer.Listeners)
    if (answer.NextToken === '') return rows
    token = answer.NextToken
  }
  throw malformed(ACTION, `no end after ${MAX_PAGES} pages`)
}

/** `gatherMs`: how long the first of several waits for others. */
export function createListenerReader(rpc: Rpc, gatherMs: number): ReadListeners {
  let waiting: Waiting[] = []

  const alone = ({ id, signal, resolve, reject }: Waiting) => readAll(rpc, [id], signal).then(resolve, reject)

  const together = async (batch: readonly Waiting[]): Promise<void> => {
    const [first, ...others] = batch
    if (first === undefined) return
    if (others.length === 0) return alone(first)
    const wanted = anyWaits(batch)
    try {
      const rows = await readAll(rpc, [...new Set(batch.map(({ id }) => id))], wanted.signal)
      for (const { id, resolve } of batch) resolve(rows.filter(({ LoadBalancerId }) => LoadBalancerId === id))
    } catch (error) {
      // One load balancer that is gone or forbidden must not take the others with it.
      if (error instanceof CallError && error.status === 'failed') await Promise.all(batch.map(alone))
      else for (const { reject } of batch) reject(error)
    } finally {
      wanted.done()
    }
  }

  const flush = async () => {
    await sleep(gatherMs)
    const batch = waiting
    waiting = []
    await Promise.all(
      Array.from({ length: Math.ceil(batch.length / MAX_IDS) }, (_, i) => together(batch.slice(i * MAX_IDS, (i + 1) * MAX_IDS))),
    )
  }

  return (id, signal) =>
    new Promise((resolve, reject) => {
      waiting.push({ id, signal, resolve, reject })
      if (waiting.length === 1) void flush()
    })
}

/** A signal that aborts when nobody waits any more. */
function anyWaits(batch: readonly Waiting[]) {
  const nobody = new AbortController()
  const done = new AbortController()
  const check = () => {
    if (batch.every(({ signal }) => signal.aborted)) nobody.abort()
  }
  for (const { signal } of batch) signal.addEventListener('abort', check, { once: true, signal: done.signal })
  check()
  return { signal: nobody.signal, done: () => done.abort() }
}
