// The states of a listener: how long it is between two of them, what Start and Stop do where there is nothing to do, and the last one's end.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, taken } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { refusedOr } from './probe-groups.ts'
import { rowsIn, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

const OWN = { BackendServerPort: 31_500 }
/** What is refused for the state that the listener is in: the same call was taken before. */
const BY_STATE = /^Operation\.NotAllowed\b|Status/
const LONGEST_MS = 30_000

export const STATES: readonly Fact[] = [
  {
    question: 'How long a listener is between two states',
    ref: ['transitions'],
    settings: ['transitionMs'],
    probe: transitions,
  },
  {
    question: 'Deleting the last listener makes the load balancer inactive',
    ref: ['lastListener'],
    settings: ['unsure.lastListenerInactivates'],
    probe: lastListener,
  },
  {
    question: 'Start on a listener that runs',
    ref: ['startRunning'],
    settings: ['unsure.startRunning'],
    async probe(bench) {
      const at = bench.on({ ListenerPort: await bench.standing('TCP', OWN), ListenerProtocol: 'tcp' })
      await bench.ok('StartLoadBalancerListener', at)
      return refusedOr('unsure.startRunning', 'ok', await bench.call('StartLoadBalancerListener', at), BY_STATE)
    },
  },
  {
    question: 'Stop on a listener that is stopped',
    ref: ['stopStopped'],
    settings: ['unsure.stopStopped'],
    async probe(bench) {
      const at = bench.on({ ListenerPort: await bench.standing('TCP', OWN), ListenerProtocol: 'tcp' })
      await bench.ok('StartLoadBalancerListener', at)
      await bench.ok('StopLoadBalancerListener', at)
      return refusedOr('unsure.stopStopped', 'ok', await bench.call('StopLoadBalancerListener', at), BY_STATE)
    },
  },
]

async function lastListener(bench: Bench): Promise<Finding> {
  await bench.standing('TCP', OWN)
  const [left] = await bench.undo()
  if (left !== undefined) throw new Undecided(left)
  const attribute = await bench.read('DescribeLoadBalancerAttribute', bench.on())
  if (rowsIn(attribute, 'ListenerPortsAndProtocol', 'ListenerPortAndProtocol').length > 0) throw new Undecided('it was not the last one')
  const status = textOf(attribute, 'LoadBalancerStatus')
  if (status !== 'active' && status !== 'inactive') throw new Undecided(`it is ${status}`)
  if (status === 'inactive') bench.later('SetLoadBalancerStatus', bench.on({ LoadBalancerStatus: 'active' }))
  return { values: { 'unsure.lastListenerInactivates': status === 'inactive' }, seen: status }
}

async function transitions(bench: Bench): Promise<Finding> {
  const ListenerPort = await bench.standing('TCP', OWN)
  const created = await between(bench, ListenerPort, 'stopped')
  await bench.ok('StartLoadBalancerListener', bench.on({ ListenerPort, ListenerProtocol: 'tcp' }))
  const started = await between(bench, ListenerPort, 'running')
  const seen = [...created.seen, ...started.seen]
  const ms = Math.max(created.ms, started.ms)
  return { values: { transitionMs: ms }, seen: seen.length === 0 ? 'no state between was seen' : `${seen.join(', ')}; ${ms} ms at most` }
}

/** How long another state than the two lasting ones was shown before this one; a read that is late shows a lasting one. */
async function between(bench: Bench, ListenerPort: number, last: 'stopped' | 'running') {
  const began = performance.now()
  const seen = new Set<string>()
  for (;;) {
    const answer = await bench.call('DescribeLoadBalancerTCPListenerAttribute', bench.on({ ListenerPort }))
    const status = taken(answer, /^InvalidParameter\b|NotFound/) ? textOf(answer.body, 'Status') : 'not shown yet'
    const ms = Math.round(performance.now() - began)
    if (status === last) return { seen, ms: seen.size === 0 ? 0 : ms }
    if (!['stopped', 'running', 'not shown yet'].includes(status)) seen.add(status)
    if (ms > LONGEST_MS) throw new Undecided(`it is ${status} after ${LONGEST_MS / 1_000} s`)
    await sleep(20)
  }
}
