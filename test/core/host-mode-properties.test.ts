// What holds for every list of tasks and every group it meets.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_MEMORY } from '../../src/core/diff-input.ts'
import type { Change, LoadBalancer, Member, Plan, Task } from '../../src/core/model.ts'
import { backendsOf, diffOf, MINUTE, NOW, node } from '../support/build.ts'
import { chosenBy, edge, edgeBalancer, hostPort, on, read, task, zeroed } from '../support/chosen.ts'

const IDS = ['n1', 'n2', 'n3', 'n4']
const serverOf = (id: string) => id.replace('n', 'i-')
const port = fc.constantFrom(32768, 32769)
const someTask = fc.record({ id: fc.constantFrom(...IDS), on: port, running: fc.boolean(), leaving: fc.boolean() })
const someTasks = fc.array(someTask, { maxLength: 6 }).map((list) => list.map(({ id, ...rest }) => task(id, rest)))
const someMember = fc.record({ id: fc.constantFrom(...IDS), port, up: fc.boolean() })
const someMembers = fc
  .uniqueArray(someMember, { minLength: 1, maxLength: 6, selector: (one) => `${one.id}:${one.port}` })
  .map((list) => list.map(({ id, port, up }) => (up ? on(serverOf(id), { port }) : zeroed(serverOf(id), { port }))))
const someNodes = fc.tuple(
  ...IDS.map((id) => fc.constantFrom('active', 'active', 'drain').map((availability) => node(id, { availability }))),
)

const keyOf = (member: Pick<Member, 'server' | 'port'>) => `${member.server}:${member.port}`
const up = (members: readonly Member[]) => members.filter(({ weight }) => weight > 0)

function carryOut(lb: LoadBalancer, plan: Plan): LoadBalancer {
  const members = new Map((lb.groups[0]?.members ?? []).map((one) => [keyOf(one), one]))
  const apply = (change: Change) => {
    if (change.kind === 'addBackends' || change.kind === 'setWeights') for (const one of change.members) members.set(keyOf(one), one)
    if (change.kind === 'removeBackends') for (const one of change.members) members.delete(keyOf(one))
  }
  for (const { changes } of plan) changes.forEach(apply)
  return edgeBalancer([...members.values()])
}

/** Passes, a minute apart, until nothing is left to do: what the group was after each. */
function settle(tasks: readonly Task[], nodes: ReturnType<typeof node>[], members: readonly Member[]): (readonly Member[])[] {
  const wanted = chosenBy([edge({ ports: [hostPort(undefined)] })], { tasks: read(...tasks) })
  const steps: (readonly Member[])[] = []
  let lb = edgeBalancer(members)
  let memory = NO_MEMORY
  for (let now = NOW; now < NOW + 8 * MINUTE; now += MINUTE) {
    const next = diffOf({ wanted, lb, backends: backendsOf(nodes), memory, now })
    memory = next.memory
    lb = carryOut(lb, next.plan)
    steps.push(lb.groups[0]?.members ?? [])
  }
  const last = diffOf({ wanted, lb, backends: backendsOf(nodes), memory, now: NOW + 8 * MINUTE })
  expect(last.plan).toEqual([])
  return steps
}

const places = (tasks: readonly Task[], nodes: readonly ReturnType<typeof node>[]) =>
  tasks
    .filter(
      ({ nodeId, running, leaving }) =>
        running && !leaving && nodes.some(({ id, availability }) => id === nodeId && availability === 'active'),
    )
    .flatMap(({ nodeId, ports }) => ports.map(({ published }) => `${serverOf(nodeId)}:${published}`))

test('a group with a weight never loses its last one, whatever the list of tasks says', () => {
  fc.assert(
    fc.property(someTasks, someNodes, someMembers, (tasks, nodes, members) => {
      fc.pre(up(members).length > 0)
      for (const step of settle(tasks, nodes, members)) expect(up(step).length).toBeGreaterThan(0)
    }),
  )
})

test('where a task can be reached, the backends end as exactly those that can', () => {
  fc.assert(
    fc.property(someTasks, someNodes, someMembers, (tasks, nodes, members) => {
      const wanted = places(tasks, nodes)
      fc.pre(wanted.length > 0)
      const last = settle(tasks, nodes, members).at(-1) ?? []
      expect(up(last).map(keyOf).sort()).toEqual([...new Set(wanted)].sort())
    }),
  )
})
