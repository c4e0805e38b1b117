import { describe, expect, test } from 'vitest'
import type { Settings } from '../../src/core/options.ts'
import { isImmovable } from '../../src/core/traits.ts'
import { CLB_TRAITS } from '../../src/providers/aliyun/clb/traits.ts'

describe('a CLB listener has to be made anew', () => {
  const immovable = isImmovable(CLB_TRAITS)
  const l4 = { 'health-check-switch': 'on' } as const
  const l7 = { 'health-check-flag': 'on' } as const
  test.each<{ name: string; before: Settings; after: Settings; expected: boolean }>([
    { name: 'when round robin becomes a hash', before: { scheduler: 'wrr' }, after: { scheduler: 'sch' }, expected: true },
    { name: 'when a hash becomes round robin', before: { scheduler: 'qch' }, after: { scheduler: 'rr' }, expected: true },
    { name: 'but not from one hash to another', before: { scheduler: 'sch' }, after: { scheduler: 'tch' }, expected: false },
    { name: 'but not from one round robin to the other', before: { scheduler: 'wrr' }, after: { scheduler: 'rr' }, expected: false },
    {
      name: "when a layer 4 check goes back to the backend's port",
      before: { ...l4, 'health-check-connect-port': 8080 },
      after: { ...l4, 'health-check-connect-port': 0 },
      expected: true,
    },
    {
      name: 'but not when a layer 7 check does',
      before: { ...l7, 'health-check-connect-port': 8080 },
      after: { ...l7, 'health-check-connect-port': 0 },
      expected: false,
    },
    {
      name: 'but not when the check goes to another port',
      before: { ...l4, 'health-check-connect-port': 0 },
      after: { ...l4, 'health-check-connect-port': 8080 },
      expected: false,
    },
    { name: 'when a udp payload is taken away', before: { 'health-check-req': 'a' }, after: { 'health-check-req': '' }, expected: true },
    { name: 'when mutual TLS is taken away', before: { 'ca-cert-id': 'ca-1' }, after: { 'ca-cert-id': '' }, expected: true },
    { name: 'but not when it begins', before: { 'ca-cert-id': '' }, after: { 'ca-cert-id': 'ca-1' }, expected: false },
    { name: 'when it becomes a redirect', before: { gzip: 'on' }, after: { 'forward-port': 443 }, expected: true },
    { name: 'when it is one no more', before: { 'forward-port': 443 }, after: { gzip: 'on' }, expected: true },
    { name: 'when it redirects elsewhere', before: { 'forward-port': 443 }, after: { 'forward-port': 8443 }, expected: true },
    { name: 'but not for a redirect that stays', before: { 'forward-port': 443 }, after: { 'forward-port': 443 }, expected: false },
    { name: 'but not for what one side leaves open', before: {}, after: { scheduler: 'sch' }, expected: false },
  ])('$name', ({ before, after, expected }) => {
    expect(immovable(before, after)).toBe(expected)
  })
})
