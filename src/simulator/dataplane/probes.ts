// One health probe: true or false, never an error. Probes open a connection of their own and leave none behind.
import { request } from 'node:http'
import { connect } from 'node:net'
import type { PlaneHealthCheck } from '../plane.ts'
import { probeUdp } from './probe-udp.ts'
import { callFrom } from './settings.ts'
import { cut } from './sockets.ts'

export type ProbeTarget = { readonly address: string; readonly port: number; readonly source: string | undefined }

/** The cloud ignores a timeout that is shorter than the interval; the interval then acts as the timeout. */
const deadlineOf = (check: PlaneHealthCheck) => Math.max(check.timeoutMs, check.intervalMs)

export async function probe(target: ProbeTarget, check: PlaneHealthCheck, signal: AbortSignal): Promise<boolean> {
  const at = { ...target, port: check.port ?? target.port }
  try {
    if (check.type === 'http') return await probeHttp(at, check, signal)
    if (check.type === 'udp') return await probeUdp(at, check, deadlineOf(check), signal)
    return await probeTcp(at, deadlineOf(check), signal)
  } catch {
    return false // Node refuses to try: a port or path that cannot be
  }
}

/** Like the cloud's, the probe ends with a reset once the backend has accepted. */
function probeTcp(target: ProbeTarget, deadlineMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.address, port: target.port, ...callFrom(target) })
    const finish = (good: boolean) => {
      resolve(good)
      cut(socket)
    }
    socket.setTimeout(deadlineMs, () => finish(false))
    socket.once('connect', () => finish(true))
    socket.on('error', () => finish(false))
    // Not by the option `signal`: net.connect leaves its listener on the signal behind, and this one lives as long as the backend.
    const stop = () => finish(false)
    signal.addEventListener('abort', stop, { once: true })
    socket.once('close', () => signal.removeEventListener('abort', stop))
  })
}

/** `http_2xx` for 200 to 299, and so on. */
const codeClass = (status: number | undefined) => `http_${Math.floor((status ?? 0) / 100)}xx`

const hostHeader = ({ domain }: PlaneHealthCheck, { address }: ProbeTarget) => (domain === '' || domain === '$_ip' ? address : domain)

/** Plain HTTP, for https listeners too. The status line decides; the body is not read. */
function probeHttp(target: ProbeTarget, check: PlaneHealthCheck, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probing = request({
    host: target.address,
    port: target.port,
    ...callFrom(target),
    method: check.method,
    path: check.uri,
    headers: { Host: hostHeader(check, target), Connection: 'close' },
    agent: false,
    signal,
  })
  const timer = setTimeout(() => finish(false), deadlineOf(check))
  const finish = (good: boolean) => {
    clearTimeout(timer)
    probing.destroy()
    resolve(good)
  }
  probing.once('response', (answer) => finish(check.codes.includes(codeClass(answer.statusCode))))
  probing.on('error', () => finish(false))
  probing.end()
  return promise
}
