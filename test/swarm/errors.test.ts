// What an engine, or the client between, rejects with becomes one short line, whatever it is.
import { expect, test } from 'vitest'
import { toEngineError } from '../../src/swarm/errors.ts'

test.each<[raw: unknown, kind: string, message: string]>([
  [{ toString: null }, 'unreachable', 'an error without a message'],
  [{ message: { toString: null } }, 'unreachable', 'an error without a message'],
  [{ statusCode: 500, message: { toString: null }, code: 'E' }, 'refused', 'an error without a message'],
  [null, 'unreachable', 'null'],
  ['a text', 'unreachable', 'a text'],
  [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'unreachable', 'connect ECONNREFUSED'],
  [Object.assign(new Error('no such socket'), { code: 'ENOENT' }), 'unreachable', 'no such socket (ENOENT)'],
])('%j', (raw, kind, message) => {
  const error = toEngineError('GET /services', raw)
  expect(error.kind).toBe(kind)
  expect(error.message).toContain(message)
})
