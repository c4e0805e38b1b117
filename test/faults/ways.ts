// The ways in which one call can fail, as the cloud and the network between do it. `times`: how often in a row.
import type { FaultInput } from '../../src/simulator/faults.ts'

type Order = Pick<FaultInput, 'as' | 'times' | 'when'>

export const WAYS = {
  'is refused': { as: { code: 'OperationDenied', status: 400, message: 'The operation is denied.' } },
  // In production six attempts take 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 5 s, less the jitter.
  'meets one that is busy for 10 s': { as: { code: 'ServiceIsConfiguring', status: 400 }, times: 6 },
  'is throttled three times': { as: { code: 'Throttling.User', status: 400 }, times: 3 },
  'is done, and its answer is lost': { as: 'reset', when: 'after' },
  'meets a reset': { as: 'reset' },
  'is done, and the answer is 503': { as: '5xx', when: 'after' },
  'is answered with 503': { as: '5xx' },
  'is answered by a proxy with 502 and a page': { as: 'html' },
  'is done, and the answer is a page with 200': { as: 'html-200', when: 'after' },
  hangs: { as: 'hang' },
  'is done, and the answer hangs': { as: 'hang', when: 'after' },
  'is done, and the answer is cut in the middle': { as: 'malformed-json', when: 'after' },
  'is done, and the answer has another shape': { as: 'wrong-shape', when: 'after' },
} as const satisfies Record<string, Order>

export type Way = keyof typeof WAYS
