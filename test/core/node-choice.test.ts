import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVERY_NODE, isChosenBy, NODES_FORM, parseNodeChoice } from '../../src/core/node-choice.ts'
import { node } from '../support/build.ts'
import { anyString } from '../support/random.ts'

const nodes = [
  node('n1', { role: 'manager', hostname: 'alpha', labels: { zone: 'a' } }),
  node('n2', { hostname: 'beta', labels: { zone: 'b', 'com.example.disk': 'ssd' } }),
  node('n3', { hostname: 'gamma' }),
]

const chosen = (text: string): string[] => {
  const parsed = parseNodeChoice(text)
  return parsed.ok ? nodes.filter((one) => isChosenBy(one, parsed.value)).map(({ id }) => id) : [parsed.text]
}

describe('a choice of nodes', () => {
  test.each([
    ['all', ['n1', 'n2', 'n3']],
    ['managers', ['n1']],
    [' Workers ', ['n2', 'n3']],
    ['node.labels.zone==a', ['n1']],
    ['node.labels.zone == A', ['n1']],
    ['node.labels.zone!=a', ['n2', 'n3']],
    ['node.labels.com.example.disk==ssd', ['n2']],
    ['node.role!=manager', ['n2', 'n3']],
    ['NODE.ROLE==Worker', ['n2', 'n3']],
    ['node.hostname==beta', ['n2']],
    ['node.id!=n2', ['n1', 'n3']],
    ['"node.labels.zone==a"', ['n1']],
    [`node.labels.zone=='a'`, ['n1']],
    ['node.role==worker,node.labels.zone==b', ['n2']],
    ['node.role==worker && node.labels.zone != b', ['n3']],
    ['workers, node.labels.zone!=b,', ['n3']],
    ['node.role==worker,node.role!=manager', ['n2', 'n3']],
    ['node.labels.zone!=a,node.labels.zone!=b', ['n3']],
  ])('%j is understood', (text, expected) => {
    expect(chosen(text)).toEqual(expected)
  })

  test('of every node is the one that needs no group of its own', () => {
    const parsed = parseNodeChoice('all')
    expect(parsed.ok && parsed.value).toBe(EVERY_NODE)
  })

  test('says the same once', () => {
    expect(parseNodeChoice('workers, node.role==WORKER && workers')).toEqual({
      ok: true,
      value: [{ field: 'role', label: '', equal: true, value: 'worker' }],
    })
  })

  test.each([
    ['', `no nodes; expected ${NODES_FORM}`],
    [' , && ', `no nodes; expected ${NODES_FORM}`],
    ['none', `"none" is no constraint; expected ${NODES_FORM}`],
    ['node.labels.zone=a', `"node.labels.zone=a" is no constraint; expected ${NODES_FORM}`],
    ['node.labels.zone', `"node.labels.zone" is no constraint; expected ${NODES_FORM}`],
    [
      'node.label.zone==a',
      'nodes are not chosen by "node.label.zone"; expected node.id, node.hostname, node.role or node.labels.<name>; did you mean node.labels.<name>?',
    ],
    [
      'node.rolle==manager',
      'nodes are not chosen by "node.rolle"; expected node.id, node.hostname, node.role or node.labels.<name>; did you mean node.role?',
    ],
    [
      'engine.labels.os==linux',
      'nodes are not chosen by "engine.labels.os"; expected node.id, node.hostname, node.role or node.labels.<name>',
    ],
    ['node.role==manger', '"manger" is no role; expected manager or worker'],
    ['node.labels.zone==', '"node.labels.zone==" has no value that Docker would take'],
    ['node.labels.zone==a\u0000', '"node.labels.zone==a\\u{0}" has no value that Docker would take'],
    ['managers, workers', 'no node can be all of "managers, workers": conditions are joined by "and"'],
    [
      'node.labels.zone==a,node.labels.zone==b',
      'no node can be all of "node.labels.zone==a,node.labels.zone==b": conditions are joined by "and"',
    ],
    ['node.id==x && node.id!=X', 'no node can be all of "node.id==x && node.id!=X": conditions are joined by "and"'],
  ])('%j is a mistake', (text, expected) => {
    expect(chosen(text)).toEqual([expected])
  })

  test('may be as hostile as it likes', () => {
    expect(parseNodeChoice('x'.repeat(5000)).ok).toBe(false)
    expect(parseNodeChoice('node.labels.__proto__==x').ok).toBe(true)
    expect(chosen('node.constructor==x')[0]).toMatch(/^nodes are not chosen by/)
    expect(chosen('constructor')[0]).toMatch(/is no constraint/)
    fc.assert(
      fc.property(anyString(60), (text) => {
        const parsed = parseNodeChoice(text)
        if (parsed.ok) expect(nodes.filter((one) => isChosenBy(one, parsed.value)).length).toBeLessThanOrEqual(3)
        else expect(parsed.text).toMatch(/^[ -~]+$/)
      }),
    )
  })
})
