import { describe, expect, test } from 'vitest'
import { sign, stringToSign } from '../../src/simulator/gateway/signature.ts'

const COMMON = {
  AccessKeyId: 'testid',
  SignatureMethod: 'HMAC-SHA1',
  SignatureVersion: '1.0',
  SignatureNonce: '3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf',
}
const SLB = { ...COMMON, Format: 'JSON', RegionId: 'cn-hangzhou', Timestamp: '2026-01-01T00:00:00Z', Version: '2014-05-15' }

describe('the RPC signature', () => {
  test.each([
    {
      name: "the vendor's own sample",
      method: 'GET',
      params: { ...COMMON, Action: 'DescribeRegions', Format: 'XML', Timestamp: '2016-02-23T12:46:24Z', Version: '2014-05-26' },
      signature: 'OLeaidS1JvxuMvnyHOwuJ+uX5qY=',
    },
    { name: 'a GET', method: 'GET', params: { ...SLB, Action: 'DescribeLoadBalancers' }, signature: 'yXJ7LucXCcEOZyDWsvvw+unszVY=' },
    {
      name: 'the same as POST',
      method: 'POST',
      params: { ...SLB, Action: 'DescribeLoadBalancers' },
      signature: 'jxEpI3/Vt06qzOnRYMkeqyqPPvA=',
    },
    {
      name: 'JSON and characters that URLs treat oddly',
      method: 'POST',
      params: {
        ...SLB,
        Action: 'AddVServerGroupBackendServers',
        VServerGroupId: 'rsp-abc',
        BackendServers: '[{"ServerId":"i-1","Port":80,"Weight":100}]',
        'Tag.1.Key': "a b*c'(d)!~",
      },
      signature: 'N2r+BLK3+ZlGniOdO0xvp96Xkyk=',
    },
  ])('of $name is the known one', ({ method, params, signature }) => {
    expect(sign(stringToSign(method, Object.entries(params)), 'testsecret')).toBe(signature)
  })

  test('does not cover the signature itself', () => {
    expect(stringToSign('GET', [['Signature', 'x']])).toBe('GET&%2F&')
  })
})
