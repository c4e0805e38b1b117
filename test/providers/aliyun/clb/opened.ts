// A load balancer with one http listener on one group of ours, opened on a cloud of functions.
import type { ListenerSpec } from '../../../../src/core/model.ts'
import { createClbProvider } from '../../../../src/providers/aliyun/clb/provider.ts'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import { type Answers, answersOf, fakeRpc, groupRow, how, listenerRow, members, signal, type World } from './support.ts'

export const MARK = 'swarm-slb/me/web/80-tcp'
export const WORLD: World = {
  listeners: [listenerRow('http', 8080, { VServerGroupId: 'rsp-1' })],
  groups: [groupRow('rsp-1', MARK, 2)],
  members: { 'rsp-1': members(2) },
}
export const HTTP: ListenerSpec = {
  key: 'tcp:8080',
  port: 8080,
  protocol: 'http',
  note: MARK,
  target: { kind: 'group', group: 'rsp-1' },
  settings: { scheduler: 'wrr', bandwidth: -1, 'sticky-session': 'off', 'health-check-flag': 'off' },
}
export const place = { key: 'tcp:8080', protocol: 'http' } as const
export const own = { group: 'rsp-1', name: MARK } as const

const CREATED = { CreateVServerGroup: () => ({ VServerGroupId: 'rsp-new' }) }
const waits = { gather: 0, lag: 0, insist: [1, 1] }

/** `calls` are those after the reading; `written` has BackendServers as the list that the text stands for. */
export async function openWith(answers: Answers) {
  const cloud = fakeRpc({ ...answersOf(WORLD), ...CREATED, ...answers })
  const provider = createClbProvider({ rpc: cloud.rpc, now: () => 0, waits })
  const handle = await provider.open('lb-1', how(), signal)
  const read = cloud.asked.length
  const calls = () => cloud.asked.slice(read)
  return { provider, handle, cloud, calls, written: () => calls().map(({ action, params }) => [action, unpacked(params)]) }
}

const unpacked = (params: Params) =>
  typeof params['BackendServers'] === 'string' ? { ...params, BackendServers: JSON.parse(params['BackendServers']) } : params
