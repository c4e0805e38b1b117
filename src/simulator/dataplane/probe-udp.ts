// The udp probe: a datagram, and then what comes back. Silence is health (udp servers need not answer); an ICMP refusal is not.
// With a request and an expected answer the answer has to come and to match.
import { createSocket } from 'node:dgram'
import type { PlaneHealthCheck } from '../plane.ts'
import type { ProbeTarget } from './probes.ts'

/** Not empty: some servers take an empty datagram for the end. */
const ANY_PAYLOAD = 'health-check'

export function probeUdp(target: ProbeTarget, check: PlaneHealthCheck, deadlineMs: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const matching = check.expect !== ''
  const socket = createSocket({ type: target.address.includes(':') ? 'udp6' : 'udp4', signal })
  const timer = setTimeout(() => finish(!matching), deadlineMs)
  const finish = (good: boolean) => {
    clearTimeout(timer)
    resolve(good)
    try {
      socket.close()
    } catch {} // closed before: by the signal, or by an earlier result
  }
  socket.on('close', () => finish(false))
  socket.on('error', () => finish(false))
  socket.on('message', (message) => finish(!matching || message.toString('latin1').startsWith(check.expect)))
  // Connected, because only then does the kernel report the refusal.
  socket.on('connect', () => socket.send(check.request === '' ? ANY_PAYLOAD : check.request))
  const open = () => socket.connect(target.port, target.address)
  if (target.source === undefined) open()
  else socket.bind({ address: target.source }, open)
  return promise
}
