import Core from '@alicloud/pop-core'
import { describe, expect, test } from 'vitest'
import { call, type Params, refusal, send, signed } from './client.ts'
import { LB, simulate, tcp } from './support.ts'

const isoIn = (ms: number) => `${new Date(Date.now() + ms).toISOString().slice(0, 19)}Z`
const MINUTE = 60_000
const describeAll = (params: Params = {}) => ({ Action: 'DescribeLoadBalancers', ...params })

describe('the gateway', () => {
  test("answers the vendor's own client, with the parameters in the body", async () => {
    const simulator = await simulate()
    const client = new Core({
      accessKeyId: 'testid',
      accessKeySecret: 'testsecret',
      endpoint: simulator.apiUrl,
      apiVersion: '2014-05-15',
    })
    const answer = await client.request<{ TotalCount: number }>('DescribeLoadBalancers', { RegionId: 'cn-hangzhou' }, { method: 'POST' })
    expect(answer.TotalCount).toBe(1)
    expect(simulator.requests.entries()[0]?.userAgent).toContain('Core/')
  })

  test('takes the parameters from the query of a GET, and of a POST', async () => {
    const simulator = await simulate()
    expect((await send(simulator, signed(describeAll(), 'GET'), 'GET')).status).toBe(200)
    const posted = await fetch(`${simulator.apiUrl}/?${signed(describeAll(), 'POST')}`, { method: 'POST' })
    expect(posted.status).toBe(200)
  })

  test.each([
    { name: 'a wrong secret', form: () => signed(describeAll(), 'POST', 'wrong'), answer: '400 SignatureDoesNotMatch' },
    { name: 'a signature for the other method', form: () => signed(describeAll(), 'GET'), answer: '400 SignatureDoesNotMatch' },
    {
      name: 'an unknown key',
      form: () => signed(describeAll({ AccessKeyId: 'nobody' }), 'POST'),
      answer: '404 InvalidAccessKeyId.NotFound',
    },
    {
      name: 'a key with a name that every object has',
      form: () => signed(describeAll({ AccessKeyId: 'constructor' }), 'POST'),
      answer: '404 InvalidAccessKeyId.NotFound',
    },
    {
      name: 'a token of another key',
      form: () => signed(describeAll({ SecurityToken: 'x' }), 'POST'),
      answer: '400 InvalidSecurityToken.MismatchWithAccessKey',
    },
    {
      name: 'a clock 16 minutes behind',
      form: () => signed(describeAll({ Timestamp: isoIn(-16 * MINUTE) }), 'POST'),
      answer: '400 InvalidTimeStamp.Expired',
    },
    {
      name: 'a clock 16 minutes ahead',
      form: () => signed(describeAll({ Timestamp: isoIn(16 * MINUTE) }), 'POST'),
      answer: '400 InvalidTimeStamp.Expired',
    },
    {
      name: 'a timestamp in another form',
      form: () => signed(describeAll({ Timestamp: 'yesterday' }), 'POST'),
      answer: '400 InvalidTimeStamp.Format',
    },
    { name: 'an unknown action', form: () => signed({ Action: 'MakeCoffee' }, 'POST'), answer: '404 InvalidAction.NotFound' },
    {
      name: 'an action of another product',
      form: () => signed({ Action: 'DescribeInstances' }, 'POST'),
      answer: '404 InvalidAction.NotFound',
    },
    {
      name: 'an action with a name that every object has',
      form: () => signed({ Action: '__proto__' }, 'POST'),
      answer: '404 InvalidAction.NotFound',
    },
    {
      name: 'a version with such a name',
      form: () => signed(describeAll({ Version: 'constructor' }), 'POST'),
      answer: '400 InvalidVersion',
    },
    { name: 'an unknown version', form: () => signed(describeAll({ Version: '2020-01-01' }), 'POST'), answer: '400 InvalidVersion' },
    { name: 'no action', form: () => signed({}, 'POST'), answer: '400 MissingParameter' },
    { name: 'another region', form: () => signed(describeAll({ RegionId: 'cn-beijing' }), 'POST'), answer: '404 InvalidRegionId.NotFound' },
  ])('refuses $name', async ({ form, answer }) => {
    const { status, body } = await send(await simulate(), form())
    expect(`${status} ${body['Code']}`).toBe(answer)
  })

  test('takes a clock that is off by 14 minutes', async () => {
    const simulator = await simulate()
    for (const off of [-14, 14]) {
      expect((await send(simulator, signed(describeAll({ Timestamp: isoIn(off * MINUTE) }), 'POST'))).status).toBe(200)
    }
  })

  test('knows GET and POST only', async () => {
    const simulator = await simulate()
    const response = await fetch(`${simulator.apiUrl}/?${signed(describeAll(), 'GET')}`, { method: 'PUT' })
    expect([response.status, ((await response.json()) as { Code: string }).Code]).toEqual([400, 'UnsupportedHTTPMethod'])
  })

  test('survives a failure of its own, answers InternalError and says so in the log', async () => {
    const logged: string[] = []
    const log = { info() {}, warn() {}, error: (_: object, message: string) => void logged.push(message) }
    const simulator = await simulate({ log })
    Object.assign(simulator.state, { loadBalancers: undefined })
    expect(await refusal(simulator, 'DescribeLoadBalancers')).toBe('500 InternalError')
    expect(logged).toEqual(['the simulator failed'])
  })

  test('refuses the same bytes a second time', async () => {
    const simulator = await simulate()
    const form = signed(describeAll(), 'POST')
    expect((await send(simulator, form)).status).toBe(200)
    expect((await send(simulator, form)).body['Code']).toBe('SignatureNonceUsed')
  })

  test('checks nobody when told so', async () => {
    const simulator = await simulate({ checkSignature: false })
    expect((await send(simulator, 'Action=DescribeLoadBalancers&Version=2014-05-15&RegionId=cn-hangzhou')).status).toBe(200)
  })

  test('words a refusal as the cloud does', async () => {
    const { status, body } = await call(await simulate(), 'DeleteLoadBalancer', { LoadBalancerId: 'lb-none' })
    expect(status).toBe(404)
    expect(body).toEqual({
      RequestId: expect.stringMatching(/^[0-9A-F-]{36}$/),
      HostId: expect.stringContaining('127.0.0.1'),
      Code: 'InvalidLoadBalancerId.NotFound',
      Message: 'The specified LoadBalancerId does not exist.',
      Recommend: expect.stringContaining('InvalidLoadBalancerId.NotFound'),
    })
  })

  test.each([
    { name: 'a required one that is missing', params: { ListenerPort: 80, ...LB }, code: 'MissingParameter', message: '"Bandwidth"' },
    {
      name: 'a number above its bound',
      params: tcp(80, { EstablishedTimeout: 901 }),
      code: 'InvalidParameter',
      message: '"EstablishedTimeout"',
    },
    {
      name: 'a number below its bound',
      params: tcp(80, { HealthCheckInterval: 0 }),
      code: 'InvalidParameter',
      message: '"HealthCheckInterval"',
    },
    {
      name: 'a word where a number belongs',
      params: tcp(80, { HealthyThreshold: 'many' }),
      code: 'InvalidParameter',
      message: '"HealthyThreshold"',
    },
    {
      name: 'a word where true or false belongs',
      params: tcp(80, { ProxyProtocolV2Enabled: 'on' }),
      code: 'InvalidParameter',
      message: '"ProxyProtocolV2Enabled"',
    },
  ])('refuses a parameter: $name', async ({ params, code, message }) => {
    const { body } = await call(await simulate(), 'CreateLoadBalancerTCPListener', params)
    expect(body['Code']).toBe(code)
    expect(body['Message']).toContain(message)
  })

  test('refuses a list that is too long', async () => {
    const ids = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`LoadBalancerId.${n + 1}`, `lb-${n}`]))
    expect(await refusal(await simulate(), 'DescribeLoadBalancerListeners', ids)).toBe('400 InvalidParameter')
  })

  test('takes the first letter of a parameter in both cases', async () => {
    const simulator = await simulate()
    expect((await call(simulator, 'CreateLoadBalancerTCPListener', tcp(80, { healthCheckInterval: 7 }))).status).toBe(200)
    expect((await call(simulator, 'CreateLoadBalancerTCPListener', tcp(81, { HealthCheckInterval: 8 }))).status).toBe(200)
    const intervals = simulator.state.loadBalancers[0]?.listeners.map(({ config }) => config['HealthCheckInterval'])
    expect(intervals).toEqual([7, 8])
  })

  test('overlooks HealthCheckInterval with a capital on Create where the settings say so', async () => {
    const simulator = await simulate({ settings: { unsure: { capitalIntervalOnCreate: 'ignore' } } })
    await call(simulator, 'CreateLoadBalancerTCPListener', tcp(81, { HealthCheckInterval: 8 }))
    expect(simulator.state.loadBalancers[0]?.listeners[0]?.config['HealthCheckInterval']).toBe(2)
  })

  test('denies an action to a caller without permission', async () => {
    const simulator = await simulate({ settings: { denied: ['DeleteLoadBalancer'] } })
    expect(await refusal(simulator, 'DeleteLoadBalancer', LB)).toBe('403 Forbidden.RAM')
  })
})
