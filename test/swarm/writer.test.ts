import { describe, expect, test } from 'vitest'
import { type OwnTask, type OwnTasks, ownService, type Part, partOf, type WriterRule, type WriterView } from '../../src/swarm/writer.ts'

type NodeView = WriterView['nodes'][number]
const node = (id: string, more: Partial<NodeView> = {}): NodeView => ({
  id,
  hostname: `host-${id}`,
  role: 'manager',
  leader: false,
  state: 'ready',
  ...more,
})
const led = (leader: string, ...more: readonly NodeView[]) => [...['a', 'b', 'c'].map((id) => node(id, { leader: id === leader })), ...more]

/** `b`: a healthy task on node b. `b-`: it shall end. `b?`: it starts. */
function task(text: string): OwnTask {
  const nodeId = text.slice(0, 1)
  return { id: `task-${text.replace(/[-?]/, '')}`, nodeId, state: text.includes('?') ? 'starting' : 'running', leaving: text.includes('-') }
}
const read = (text: string): OwnTasks => ({ status: 'read', tasks: text.split(' ').filter(Boolean).map(task) })

const ruleOf = (self: string, mode: WriterRule['mode'] = 'auto'): WriterRule => ({
  mode,
  own: { serviceId: 'slb', taskId: `task-${self}`, nodeId: self.slice(0, 1) },
})
const at = (self: string, nodes: readonly NodeView[], own: OwnTasks): Part => partOf(ruleOf(self), { nodeId: self.slice(0, 1), nodes, own })

/** Which of the processes think that they are the writer. */
const writers = (nodes: readonly NodeView[], tasks: string, processes = ['a', 'b', 'c']) =>
  processes.filter((self) => at(self, nodes, read(tasks)).writes).join(' ')

describe('of the tasks of a service, the writer is', () => {
  test.each<[name: string, leader: string, tasks: string, expected: string]>([
    ['the one on the leader', 'b', 'a b c', 'b'],
    ['on the first other manager by id where the leader was drained and its task is gone', 'b', 'c a', 'a'],
    ['there as soon as Swarm wants the task on the leader to end', 'b', 'a b- c', 'a'],
    ['on another manager where the task on the leader never came to run, for want of an image', 'a', 'b c', 'b'],
    ['on another manager while the task on the leader has not been healthy yet', 'a', 'a? b c', 'b'],
    ['the leader again when it runs a healthy task', 'a', 'a b c', 'a'],
    ['the same one when leadership moves to a manager without a healthy task', 'c', 'a b', 'a'],
    ['the new leader when leadership moves to a manager that runs one', 'c', 'a b c', 'c'],
    ['the one that starts on the leader while none is healthy yet', 'b', 'a? b? c?', 'b'],
    ['nobody where all of them shall end', 'b', 'a- b- c-', ''],
    ['nobody where there is none', 'b', '', ''],
  ])('%s', (_, leader, tasks, expected) => {
    expect(writers(led(leader), tasks)).toBe(expected)
  })

  test('never one on a worker, nor one on a node that is down', () => {
    expect(writers([node('a', { role: 'worker' }), node('b'), node('c', { leader: true })], 'a b')).toBe('b')
    expect(writers([node('a', { state: 'down' }), node('b'), node('c', { leader: true })], 'a b')).toBe('b')
    expect(writers([node('a', { state: 'unknown' }), node('b'), node('c', { leader: true })], 'a b')).toBe('a')
  })

  test('one alone of two on the same node', () => {
    expect(writers(led('a'), 'a1 a2 b', ['a1', 'a2', 'b'])).toBe('a1')
    expect(writers(led('a'), 'a1- a2 b', ['a1', 'a2', 'b'])).toBe('a2')
  })

  test('the same one for everybody, in whatever order the engine lists tasks and nodes', () => {
    const told = (nodes: readonly NodeView[], tasks: string) => at('c', nodes, read(tasks)).writer
    expect([told(led('z'), 'a b c'), told(led('z').toReversed(), 'c b a')]).toEqual(['a', 'a'])
  })
})

describe('the Raft leader is the writer, whatever tasks there are,', () => {
  const refused: OwnTasks = { status: 'refused', reason: 'no TASKS' }
  test.each<[name: string, rule: (self: string) => WriterRule, own: OwnTasks]>([
    ['where this process is no task of a service', () => ({ mode: 'auto', own: undefined }), { status: 'notAsked' }],
    ['where tasks are refused', (self) => ruleOf(self), refused],
    ['with SLB_WRITER=leader', (self) => ruleOf(self, 'leader'), { status: 'notAsked' }],
  ])('%s', (_, rule, own) => {
    const parts = ['a', 'b', 'c'].map((self) => partOf(rule(self), { nodeId: self, nodes: led('b'), own }))
    expect(parts.map(({ writes }) => writes)).toEqual([false, true, false])
    expect(parts.map(({ writer, why }) => [writer, why])).toEqual([
      ['b', ''],
      ['b', ''],
      ['b', ''],
    ])
    // Nobody can tell what runs on the other managers, or did a moment ago: a leader that was cut off believes in itself for a while.
    expect(parts.map(({ elsewhere }) => elsewhere)).toEqual([true, true, true])
    expect(partOf(rule('b'), { nodeId: 'b', nodes: [node('b', { leader: true }), node('w', { role: 'worker' })], own }).elsewhere).toBe(
      false,
    )
  })

  test('and a task on another node is not, although it asks the engine of the leader', () => {
    expect(partOf(ruleOf('a'), { nodeId: 'b', nodes: led('b'), own: refused }).writes).toBe(false)
  })

  test('and nobody is while there is no leader', () => {
    expect(partOf({ mode: 'auto', own: undefined }, { nodeId: 'a', nodes: led('none'), own: refused }).writes).toBe(false)
  })
})

describe('a task knows', () => {
  test.each<[what: string, tasks: string, starting: boolean, deputy: boolean]>([
    ['that a healthy one on another manager could write in its place', 'a b', false, true],
    ['that it was not healthy yet itself', 'a? b c', true, true],
    ['that nobody else could: the others start', 'a b? c?', false, false],
    ['or are to end', 'a b- c-', false, false],
    ['or are not there', 'a', false, false],
  ])('%s', (_, tasks, starting, deputy) => {
    expect(at('a', led('a'), read(tasks))).toMatchObject({ starting, deputy })
  })

  test('nothing of the kind where tasks do not decide who writes', () => {
    expect(partOf(ruleOf('a', 'leader'), { nodeId: 'a', nodes: led('a'), own: read('a? b') })).toMatchObject({
      starting: false,
      deputy: false,
    })
    expect(partOf(ruleOf('a', 'always'), { nodeId: 'a', nodes: led('a'), own: read('a? b') })).toMatchObject({
      starting: false,
      deputy: false,
    })
  })
})

test('a task that is to end knows whether that alone keeps it from being the writer', () => {
  const leaving = (leader: string, tasks: string, self = 'a') => at(self, led(leader), read(tasks)).leaving
  expect([leaving('a', 'a- b'), leaving('z', 'a- b'), leaving('a', 'a-')]).toEqual([true, true, true])
  expect([leaving('b', 'a- b'), leaving('z', 'a b-', 'b'), leaving('a', 'a b'), leaving('a', 'a?- b'), leaving('a', 'b')]).toEqual(
    Array(5).fill(false),
  )
})

test('a task knows that another one is to end and is still there, which nobody can say of a node that is down', () => {
  const ending = (tasks: string, nodes = led('b')) => at('a', nodes, read(tasks)).ending
  expect([ending('a b- c'), ending('a b c'), ending('a- b')]).toEqual([true, false, false])
  expect(ending('a b-', [node('a', { leader: true }), node('b', { state: 'down' })])).toBe(false)
  expect(partOf(ruleOf('a', 'always'), { nodeId: 'a', nodes: led('a'), own: read('a b-') }).ending).toBe(true)
})

describe('with SLB_WRITER=always', () => {
  test('the process writes wherever it is', () => {
    expect(partOf(ruleOf('a', 'always'), { nodeId: 'a', nodes: led('b'), own: read('a') })).toEqual({
      writes: true,
      writer: 'a',
      elsewhere: false,
      leaving: false,
      ending: false,
      why: '',
      starting: false,
      deputy: false,
    })
    expect(partOf({ mode: 'always', own: undefined }, { nodeId: 'a', nodes: led('b'), own: { status: 'notAsked' } }).writes).toBe(true)
  })

  test('it waits while the replica before it may still be there', () => {
    const unknown = (nodes: readonly NodeView[]) =>
      partOf({ mode: 'always', own: undefined }, { nodeId: 'a', nodes, own: { status: 'notAsked' } }).elsewhere
    expect([unknown(led('b')), unknown([node('a', { leader: true })])]).toEqual([true, false])
    expect(partOf(ruleOf('a', 'always'), { nodeId: 'a', nodes: led('b'), own: read('a b-') }).elsewhere).toBe(true)
  })
})

test('whoever begins has to wait while any other task is there, one that shall end or starts too', () => {
  const elsewhere = (tasks: string) => at('a', led('a'), read(tasks)).elsewhere
  expect([elsewhere('a'), elsewhere('a b'), elsewhere('a b-'), elsewhere('a b?'), elsewhere('a a2-')]).toEqual([
    false,
    true,
    true,
    true,
    true,
  ])
})

test('it says why the writer is not the leader', () => {
  expect(at('a', led('b'), read('a b')).why).toBe('')
  expect(at('a', led('b'), read('a')).why).toBe('the leader host-b runs no healthy task of this service')
  expect(at('a', led('b'), read('')).why).toBe('no manager runs a healthy task of the service in SLB_SERVICE_ID: nobody writes')
})

test('tasks of the own service are asked for only where the rule goes by them', () => {
  expect([ownService(ruleOf('a')), ownService(ruleOf('a', 'always')), ownService(ruleOf('a', 'leader'))]).toEqual(['slb', 'slb', undefined])
  expect(ownService({ mode: 'auto', own: undefined })).toBeUndefined()
})
