// What the metrics page says about the present state, each taken from the status page.
import type { Board, StatusPage } from '../board.ts'

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

export type Reading = {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  readonly read: (page: StatusPage, board: Board) => readonly Sample[]
}

const one = (value: number): readonly Sample[] => [[{}, value]]

export const GAUGES: readonly Reading[] = [
  { name: 'build_info', help: 'Version of the program', labels: ['version'], read: ({ version }) => [[{ version }, 1]] },
  { name: 'leader', help: '1 on the node that writes to the cloud', read: ({ role }) => one(role === 'leader' ? 1 : 0) },
  {
    name: 'ready_to_lead',
    help: '1 where this node writes well, or proved that it could: it reads the swarm and the cloud',
    read: ({ readyToLead }) => one(readyToLead?.ok === true ? 1 : 0),
  },
  { name: 'ready', help: '1 where the swarm answers and this node knows its part', read: (_, board) => one(board.ready() ? 1 : 0) },
  {
    name: 'last_success_timestamp_seconds',
    help: 'End of the last pass without an error, in seconds since 1970',
    read: ({ lastSuccess }) => (lastSuccess === undefined ? [] : one(Date.parse(lastSuccess) / 1000)),
  },
  {
    name: 'listeners',
    help: 'Service ports by load balancer and state',
    labels: ['lb', 'state'],
    read: ({ ports }) => tally(ports.map(({ loadBalancer, state }) => ({ lb: loadBalancer, state }))),
  },
  {
    name: 'listeners_owned',
    help: 'Listeners with the mark of this swarm',
    labels: ['lb'],
    read: ({ loadBalancers }) => loadBalancers.map(({ name, owned }): Sample => [{ lb: name }, owned]),
  },
  {
    name: 'backends',
    help: 'Nodes that are backends, by load balancer: active, or drained to weight 0',
    labels: ['lb', 'state'],
    read: ({ loadBalancers }) =>
      loadBalancers.flatMap(({ name: lb, backends = {} }) =>
        Object.entries(backends).map(([state, count]): Sample => [{ lb, state }, count]),
      ),
  },
  {
    name: 'services_pending_allocation',
    help: 'Services with a port that waits to be allocated or created',
    read: ({ ports }) => one(new Set(ports.filter(({ state }) => state === 'pending').map(({ service }) => service)).size),
  },
  {
    name: 'problems',
    help: 'Mistakes and obstacles shown in status, by kind',
    labels: ['kind'],
    read: ({ problems }) => tally(problems.map(({ kind }) => ({ kind }))),
  },
  { name: 'deletes_held', help: 'Deletes that wait for approval or for their time', read: ({ held }) => one(held.deletes.length) },
  { name: 'drift', help: 'Changes by hand that are left as they are', read: ({ drift }) => one(drift.length) },
  {
    name: 'paused',
    help: '1 where nothing is written for now, by load balancer (*: all of them) and who asked for it',
    labels: ['lb', 'by'],
    read: ({ paused = [] }) => paused.map(({ loadBalancer: lb, by }): Sample => [{ lb, by }, 1]),
  },
  {
    name: 'paused_since_timestamp_seconds',
    help: 'When a pause was first seen, in seconds since 1970',
    labels: ['lb'],
    read: ({ paused = [] }) => paused.map(({ loadBalancer: lb, since }): Sample => [{ lb }, Date.parse(since) / 1000]),
  },
  {
    name: 'paused_until_timestamp_seconds',
    help: 'When a pause is over by itself, in seconds since 1970; missing where it is not',
    labels: ['lb'],
    read: ({ paused = [] }) =>
      paused.flatMap(({ loadBalancer: lb, until }): Sample[] => (until === '' ? [] : [[{ lb }, Date.parse(until) / 1000]])),
  },
]

/** How often each set of labels occurs. */
function tally(all: readonly Readonly<Record<string, string>>[]): readonly Sample[] {
  const groups = Map.groupBy(all, (labels) => JSON.stringify(labels))
  return [...groups.values()].flatMap((group) => group.slice(0, 1).map((labels): Sample => [labels, group.length]))
}
