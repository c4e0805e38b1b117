// What a probe works with: things it makes are remembered and undone right after it, newest first; nothing is read for that.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Params } from '../../src/providers/aliyun/flatten.ts'
import type { JsonObject } from '../../src/providers/aliyun/rpc.ts'
import type { Answer } from './account.ts'
import { type Ground, mark } from './ground.ts'
import { Undecided } from './refusal.ts'

export type Server = { readonly ServerId: string; readonly Port?: number; readonly Weight?: number; readonly Description?: string }

export interface Bench {
  readonly ground: Ground
  readonly first: string
  readonly second: string
  /** Reads after writes wait for this long; the first probe finds out how long it has to be. */
  settleMs: number
  call(action: string, params: Params): Promise<Answer>
  /** @throws Undecided when the cloud refuses. */
  ok(action: string, params: Params): Promise<JsonObject>
  /** Reads what was just written. @throws Undecided when the cloud refuses. */
  read(action: string, params: Params): Promise<JsonObject>
  /** On the load balancer of this run. */
  on(params?: Params): Params
  /** A port that no listener of this run had. */
  port(): number
  /** Id of a new server group. */
  group(servers: readonly Server[], name?: string): Promise<string>
  /** Asks for a listener, which may be refused. */
  listener(kind: 'TCP' | 'UDP' | 'HTTP' | 'HTTPS', params: Params): Promise<Answer & { readonly port: number }>
  /** A listener that is there now. @throws Undecided */
  standing(kind: 'TCP' | 'UDP' | 'HTTP' | 'HTTPS', params: Params): Promise<number>
  later(action: string, params: Params): void
  /** Removes what was made since the last time. Answers with what it could not remove. */
  undo(): Promise<readonly string[]>
}

export const rows = (servers: readonly Server[]): string => JSON.stringify(servers.map((server) => ({ Description: mark('x'), ...server })))

/**
 * Whether the cloud took the call, or refused it for what is asked about: `because` has to fit `code: text`. A refusal for any other
 * reason (no permission, a quota, a mistake of ours) says nothing about that. @throws Undecided
 */
export function taken({ status, code, message }: Answer, because: RegExp): boolean {
  if (status === 200) return true
  if (because.test(`${code}: ${message}`)) return false
  throw new Undecided(`refused for another reason: ${status} ${code} ${message}`.trim())
}

export function createBench(ground: Ground): Bench {
  const { account, id } = ground
  const undo: { readonly action: string; readonly params: Params }[] = []
  let last = 20_000
  const orUndecided = async (action: string, params: Params) => {
    const { status, code, message, body } = await account.call(action, params)
    if (status !== 200) throw new Undecided(`${action} was refused: ${status} ${code} ${message}`.trim())
    return body
  }
  const bench: Bench = {
    ground,
    first: ground.servers[0],
    second: ground.servers[1],
    settleMs: account.live ? 1_000 : 0,
    call: (action, params) => account.call(action, params),
    ok: orUndecided,
    async read(action, params) {
      if (bench.settleMs > 0) await sleep(bench.settleMs)
      return orUndecided(action, params)
    },
    on: (params = {}) => ({ LoadBalancerId: id, ...params }),
    port: () => ++last,
    async group(servers, name = 'probe') {
      const BackendServers = servers.length === 0 ? undefined : rows(servers)
      const { VServerGroupId } = await orUndecided('CreateVServerGroup', bench.on({ VServerGroupName: mark(name), BackendServers }))
      if (typeof VServerGroupId !== 'string') throw new Undecided('CreateVServerGroup answered without VServerGroupId')
      bench.later('DeleteVServerGroup', { VServerGroupId })
      return VServerGroupId
    },
    async listener(kind, params) {
      const port = Number(params['ListenerPort'] ?? bench.port())
      const own = { ListenerPort: port, Description: mark('probe'), ...(kind === 'TCP' || kind === 'UDP' ? { Bandwidth: -1 } : {}) }
      const answer = await account.call(`CreateLoadBalancer${kind}Listener`, bench.on({ ...own, ...params }))
      const ListenerProtocol = kind.toLowerCase()
      if (answer.status === 200) bench.later('DeleteLoadBalancerListener', bench.on({ ListenerPort: port, ListenerProtocol }))
      return { ...answer, port }
    },
    async standing(kind, params) {
      const { status, code, message, port } = await bench.listener(kind, params)
      if (status !== 200) throw new Undecided(`the ${kind} listener was refused: ${status} ${code} ${message}`)
      return port
    },
    later: (action, params) => void undo.push({ action, params }),
    async undo() {
      const left: string[] = []
      for (const { action, params } of undo.splice(0).reverse()) {
        // What cannot be undone now is found by its mark in the end.
        const code = await account.call(action, params).then(
          (answer) => answer.code,
          (error: unknown) => String(error),
        )
        if (code !== 'OK') left.push(`${action}: ${code}`)
      }
      return left
    },
  }
  return bench
}
