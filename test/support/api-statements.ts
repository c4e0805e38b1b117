// Statements about the CLB API that any endpoint can be asked to keep, the simulator's or the cloud's: nothing is looked up behind it.
// What a statement makes carries the marks of scripts/verify and is removed after it. Calls cost: a statement makes as few as it can.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import type { Account } from '../../scripts/verify/account.ts'
import { mark } from '../../scripts/verify/ground.ts'
import type { Params } from '../../src/providers/aliyun/flatten.ts'
import { answerStatements } from './api-statements-answers.ts'
import { groupStatements } from './api-statements-groups.ts'
import { httpsStatements } from './api-statements-https.ts'
import { listenerStatements } from './api-statements-listeners.ts'
import { ruleStatements } from './api-statements-rules.ts'
import { tagStatements } from './api-statements-tags.ts'
import { createUndoing, type Undoing } from './api-undo.ts'

export type Under = {
  readonly account: Account
  readonly id: string
  readonly servers: readonly [string, string]
  readonly settleMs: number
  clear(): Promise<void>
  close(): Promise<void>
}

export interface Api {
  readonly id: string
  readonly first: string
  readonly second: string
  /** On the load balancer of the run. */
  on(params?: Params): Params
  // biome-ignore lint/suspicious/noExplicitAny: tests reach deep into JSON
  ok(action: string, params?: Params): Promise<any>
  /** Like `ok`, after the time that writes need to show. */
  // biome-ignore lint/suspicious/noExplicitAny: tests reach deep into JSON
  read(action: string, params?: Params): Promise<any>
  // biome-ignore lint/suspicious/noExplicitAny: tests reach deep into JSON
  ecs(action: string, params: Params): Promise<any>
  /** A call that must be refused: `status code`. */
  refusal(action: string, params?: Params): Promise<string>
  group(...servers: readonly Member[]): Promise<string>
  /** `server:port=weight` of each. */
  members(group: string): Promise<readonly string[]>
  tcp(port: number, more?: Params): Params
  http(port: number, more?: Params): Params
}

export type Member = { readonly ServerId: string; readonly Port: number; readonly Weight: number; readonly Description?: string }

export const member = (ServerId: string, Port = 30_000, Weight = 100): Member => ({ ServerId, Port, Weight })
export const sent = (...servers: readonly object[]) => ({ BackendServers: JSON.stringify(servers) })

export function apiStatements(name: string, start: () => Promise<Under>): void {
  describe(`${name} does as the manual says`, () => {
    let under: Under
    beforeAll(async () => {
      under = await start()
    })
    const undoing = createUndoing()
    afterEach(async () => {
      if (!(await undoing.run(under.account.call))) await under.clear()
    })
    afterAll(() => {
      process.stdout.write(`statements about the API: ${under.account.sent.length} calls\n`)
      return under.close()
    })
    const api = () => apiOf(under, undoing)
    groupStatements(api)
    listenerStatements(api)
    ruleStatements(api)
    httpsStatements(api)
    tagStatements(api)
    answerStatements(api)
  })
}

function apiOf({ account, id, servers: [first, second], settleMs }: Under, undoing: Undoing): Api {
  const ok = async (action: string, params: Params = {}) => {
    const { status, code, message, body } = await account.call(action, params)
    if (status !== 200) throw new Error(`${action}: ${status} ${code}: ${message}`)
    undoing.note(action, params, body)
    return body
  }
  const read = async (action: string, params: Params = {}) => {
    await sleep(settleMs)
    return ok(action, params)
  }
  const listener = (ListenerPort: number, more: Params) => ({ LoadBalancerId: id, ListenerPort, Description: mark('statement'), ...more })
  return {
    ...{ id, first, second, ok, read },
    on: (params = {}) => ({ LoadBalancerId: id, ...params }),
    ecs: async (action, params) => (await account.call(action, params, 'ecs')).body,
    async refusal(action, params = {}) {
      const { status, code, body } = await account.call(action, params)
      if (status === 200) undoing.note(action, params, body)
      if (status === 200) throw new Error(`${action} was not refused`)
      return `${status} ${code}`
    },
    async group(...servers) {
      const params = { LoadBalancerId: id, VServerGroupName: mark('statement'), ...(servers.length > 0 && sent(...servers)) }
      const { VServerGroupId } = await ok('CreateVServerGroup', params)
      return String(VServerGroupId)
    },
    async members(VServerGroupId) {
      const { BackendServers } = (await read('DescribeVServerGroupAttribute', { VServerGroupId })) as unknown as Members
      return BackendServers.BackendServer.map(({ ServerId, Port, Weight }) => `${ServerId}:${Port}=${Weight}`)
    },
    tcp: (port, more = {}) => listener(port, { Bandwidth: -1, BackendServerPort: 30_000, ...more }),
    http: (port, more = {}) => listener(port, { HealthCheck: 'on', BackendServerPort: 30_000, ...more }),
  }
}

type Members = { readonly BackendServers: { readonly BackendServer: readonly Member[] } }
