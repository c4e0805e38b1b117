import { expect, test } from 'vitest'
import { flatten } from '../../../src/providers/aliyun/flatten.ts'

test.each([
  {
    name: 'scalars as words',
    params: { A: 'x', B: 5, C: true, D: false, E: 0, F: '' },
    flat: { A: 'x', B: '5', C: 'true', D: 'false', E: '0', F: '' },
  },
  { name: 'nothing for what is absent', params: { A: undefined, B: null, C: [], D: {} }, flat: {} },
  { name: 'lists from 1', params: { Id: ['a', 'b'] }, flat: { 'Id.1': 'a', 'Id.2': 'b' } },
  {
    name: 'lists of objects',
    params: { Tag: [{ Key: 'k', Value: 'v' }, { Key: 'l' }] },
    flat: { 'Tag.1.Key': 'k', 'Tag.1.Value': 'v', 'Tag.2.Key': 'l' },
  },
  { name: 'objects in objects', params: { A: { B: { C: 1 }, D: [2, [3]] } }, flat: { 'A.B.C': '1', 'A.D.1': '2', 'A.D.2.1': '3' } },
  { name: 'the place of an absent item kept', params: { A: [undefined, 'b'] }, flat: { 'A.2': 'b' } },
  {
    name: 'JSON strings as they are',
    params: { BackendServers: '[{"ServerId":"i-1"}]' },
    flat: { BackendServers: '[{"ServerId":"i-1"}]' },
  },
  { name: 'names as they are spelled', params: { healthCheckInterval: 2 }, flat: { healthCheckInterval: '2' } },
])('gives $name', ({ params, flat }) => {
  expect(flatten(params)).toStrictEqual(flat)
})
