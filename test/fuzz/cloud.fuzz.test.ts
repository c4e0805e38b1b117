// Answers of the cloud in any shape: they are read as what they say, or refused with CallError, and nothing else comes of them.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createClbProvider } from '../../src/providers/aliyun/clb/provider.ts'
import { findByAddress } from '../../src/providers/aliyun/ecs.ts'
import { callError, RULES, scrub, verdictOf } from '../../src/providers/aliyun/errors.ts'
import { flatten, type Params } from '../../src/providers/aliyun/flatten.ts'
import { CallError } from '../../src/providers/provider.ts'
import { ALL, acl, acls, certificate, certificates, entries } from '../providers/aliyun/clb/region-support.ts'
import { type Answers, answersOf, fakeRpc, groupRow, how, listenerRow, member, signal } from '../providers/aliyun/clb/support.ts'
import { fuzz } from './measure.ts'
import { anyJson, anyText, like, mutated } from './texts.ts'

const MARK = 'swarm-slb/me/web/80-tcp'
const declared = (error: unknown) => error instanceof CallError
const WAITS = { gather: 0, lag: 0, problem: 0, insist: [] }

const world = answersOf({
  listeners: [
    listenerRow('http', 80, {
      VServerGroupId: 'rsp-1',
      Description: MARK,
      HTTPListenerConfig: { HealthCheck: 'on', HealthCheckURI: '/', Rules: { Rule: [] } },
    }),
    listenerRow('tcp', 81, { Description: 'by hand', AclStatus: 'on', AclType: 'white', AclIds: { AclId: ['acl-1'] } }),
    listenerRow('udp', 53),
  ],
  groups: [groupRow('rsp-1', MARK, 1)],
  members: { 'rsp-1': [member('i-1')] },
})
const good: Readonly<Record<string, object>> = {
  ...Object.fromEntries(Object.entries(world).map(([action, answer]) => [action, answer({ VServerGroupId: 'rsp-1' }, 1)])),
  DescribeRules: { Rules: { Rule: [{ RuleId: 'rule-1', RuleName: 'x', Domain: 'a.example.com', Url: '/b', VServerGroupId: 'rsp-1' }] } },
  DescribeHealthStatus: {
    BackendServers: { BackendServer: [{ ListenerPort: 80, ServerId: 'i-1', Port: 30000, Protocol: 'tcp', ServerHealthStatus: 'normal' }] },
  },
  ListTagResources: { TagResources: { TagResource: [{ TagKey: 'swarm-slb:me', TagValue: 'c', ResourceId: 'lb-1' }] } },
  DescribeLoadBalancers: {
    LoadBalancers: { LoadBalancer: [{ LoadBalancerId: 'lb-1', LoadBalancerName: 'front' }] },
    TotalCount: 1,
    PageNumber: 1,
    PageSize: 50,
  },
}
const ACTIONS = Object.keys(good)

/** One answer of all is wrong in some way, or everything is. */
const someWrong = fc.tuple(
  fc.constantFrom(...ACTIONS),
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anyJson }),
)

const answersFrom = (bodies: Readonly<Record<string, unknown>>): Answers =>
  Object.fromEntries(
    Object.entries(bodies).map(([action, body]) => [action, () => (typeof body === 'object' && body !== null ? body : {})]),
  )

const wrongWorld = someWrong.chain(([action, body]) =>
  (body === undefined ? mutated(fc.constant(good[action])) : fc.constant(body)).map((wrong) => ({ ...good, [action]: wrong })),
)

test('a load balancer is read from any answers, or not at all', async () => {
  await fuzz({
    name: 'load balancer',
    inputs: wrongWorld,
    count: 5000,
    declared,
    run: async (bodies) => {
      const cloud = fakeRpc(answersFrom(bodies))
      const provider = createClbProvider({ rpc: cloud.rpc, waits: WAITS })
      const handle = await provider.open('lb-1', how({ members: 'fresh' }), signal)
      await handle.health(signal)
      expect(cloud.asked.length).toBeLessThan(300)
      return { size: JSON.stringify(handle.actual).length, most: 200_000 }
    },
  })
})

test('names and tags are looked up from any answers, or not at all', async () => {
  await fuzz({
    name: 'names',
    inputs: fc.tuple(wrongWorld, fc.constantFrom('front', 'lb-1', '__proto__', 'constructor')),
    count: 5000,
    declared,
    run: async ([bodies, ref]) => {
      const cloud = fakeRpc(answersFrom(bodies))
      const provider = createClbProvider({ rpc: cloud.rpc, waits: WAITS })
      const found = await provider.resolve([ref], signal)
      expect(found.has(ref)).toBe(true)
      await provider.findByTag('team', 'web', signal)
      expect(cloud.asked.length).toBeLessThan(300)
    },
  })
})

const regionBodies: Readonly<Record<string, object>> = {
  ...Object.fromEntries(
    Object.entries({ ...acls(acl('acl-1')), ...entries(['10.0.0.0/8']) }).map(([action, answer]) => [action, answer({}, 1)]),
  ),
  ...Object.fromEntries(Object.entries(certificates(certificate('cert-1'))).map(([action, answer]) => [action, answer()])),
  DescribeCACertificates: { CACertificates: { CACertificate: [{ CACertificateId: 'ca-1' }] } },
}

test('certificates and lists are read from any answers, or not at all', async () => {
  await fuzz({
    name: 'region',
    inputs: fc
      .constantFrom(...Object.keys(regionBodies))
      .chain((action) =>
        fc
          .oneof({ weight: 4, arbitrary: mutated(fc.constant(regionBodies[action])) }, anyJson)
          .map((wrong) => ({ ...regionBodies, [action]: wrong })),
      ),
    count: 5000,
    declared,
    run: async (bodies) => {
      const cloud = fakeRpc(answersFrom(bodies))
      const provider = createClbProvider({ rpc: cloud.rpc, waits: WAITS })
      const { actual } = await provider.openRegion(ALL, signal)
      expect(cloud.asked.length).toBeLessThan(600)
      return { size: JSON.stringify(actual).length, most: 100_000 }
    },
  })
})

const instance = {
  InstanceId: 'i-1',
  Status: 'Running',
  VpcAttributes: { VpcId: 'vpc-1', PrivateIpAddress: { IpAddress: ['10.0.0.1'] } },
  NetworkInterfaces: {
    NetworkInterface: [{ PrimaryIpAddress: '10.0.0.1', PrivateIpSets: { PrivateIpSet: [{ PrivateIpAddress: '10.0.0.1' }] } }],
  },
}

test('instances are found in any answer, or not at all', async () => {
  await fuzz({
    name: 'instances',
    inputs: fc.oneof(mutated(fc.constant({ Instances: { Instance: [instance] } })), anyJson),
    count: 6000,
    declared,
    run: async (body) => {
      const { rpc } = fakeRpc(answersFrom({ DescribeInstances: body }))
      const found = await findByAddress(rpc, async () => true, 'vpc-1', ['10.0.0.1', '10.0.0.2'], signal)
      for (const one of found.values()) if (one.status === 'found') expect(one.server.length).toBeGreaterThan(0)
    },
  })
})

const SECRET = 'a-secret-of-30-characters-here'

test('an error is put into short words without secrets, whatever the cloud said', async () => {
  await fuzz({
    name: 'errors',
    inputs: fc.record({
      code: like('Throttling.User', 'ServiceIsConfiguring', 'InvalidParameter', 'constructor', '__proto__'),
      message: like(
        `string to sign is: GET&${SECRET}`,
        'URL: https://slb.aliyuncs.com/?AccessKeyId=LTAI12345678&Signature=abc',
        '-----BEGIN PRIVATE KEY-----',
      ),
      requestId: fc.option(anyText, { nil: undefined }),
      httpStatus: fc.constantFrom(undefined, 200, 400, 404, 429, 500, 503),
    }),
    count: 8000,
    run: (failure) => {
      const error = callError('DescribeRegions', { ...failure, message: `${failure.message} ${SECRET}` }, [SECRET])
      expect(error.message).not.toContain(SECRET)
      expect(Object.keys(RULES)).toContain(verdictOf(failure.code, failure.httpStatus))
      expect(scrub(failure.message, []).length).toBeLessThanOrEqual(300)
      return { size: error.message.length, most: 600 }
    },
  })
})

test('parameters become flat text', async () => {
  await fuzz({
    name: 'parameters',
    inputs: anyJson,
    count: 3000,
    run: (value) => {
      const flat = flatten({ value } as Params)
      for (const text of Object.values(flat)) expect(typeof text).toBe('string')
    },
  })
})
