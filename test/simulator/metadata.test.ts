import { describe, expect, test } from 'vitest'
import { call, send, signed } from './client.ts'
import { simulate } from './support.ts'

type Simulator = Awaited<ReturnType<typeof simulate>>

const read = async (simulator: Simulator, path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${simulator.metadataUrl}/latest/meta-data/${path}`, { headers })
  return { status: response.status, text: await response.text() }
}

const token = async (simulator: Simulator, seconds = '60') => {
  const headers = { 'x-aliyun-ecs-metadata-token-ttl-seconds': seconds }
  const response = await fetch(`${simulator.metadataUrl}/latest/api/token`, { method: 'PUT', headers })
  return { status: response.status, text: await response.text() }
}

describe('instance metadata', () => {
  const state = {
    regionId: 'cn-beijing',
    vpcId: 'vpc-9',
    instances: [
      { id: 'i-first', privateIp: '10.0.0.1' },
      { id: 'i-here', privateIp: '127.0.0.1', zoneId: 'cn-beijing-x' },
    ],
  }

  test.each([
    ['region-id', 'cn-beijing'],
    ['vpc-id', 'vpc-9'],
    ['instance-id', 'i-here'],
    ['zone-id', 'cn-beijing-x'],
    ['private-ipv4', '127.0.0.1'],
    ['ram/security-credentials/', 'swarm-slb'],
    ['ram/security-credentials', 'swarm-slb'],
    ['instance/', 'instance-type'],
  ])('%s is %s', async (path, text) => {
    expect(await read(await simulate({ state }), path)).toEqual({ status: 200, text })
  })

  test('is of the first instance for a caller from elsewhere, and complete without any', async () => {
    expect((await read(await simulate(), 'instance-id')).text).toBe('i-1')
    expect((await read(await simulate({ state: {} }), 'instance-id')).status).toBe(200)
  })

  test('lists what there is, and nothing else', async () => {
    const simulator = await simulate()
    expect((await read(simulator, '')).text.split('\n')).toEqual(expect.arrayContaining(['region-id', 'vpc-id', 'instance/', 'ram/']))
    expect((await read(simulator, 'no-such-thing')).status).toBe(404)
    expect((await read(simulator, 'ram/security-credentials/other')).status).toBe(404)
  })

  test('asks for a token in hardened mode, and always refuses a wrong one', async () => {
    const simulator = await simulate()
    expect((await read(simulator, 'region-id', { 'x-aliyun-ecs-metadata-token': 'wrong' })).status).toBe(401)
    simulator.settings.metadata.tokenRequired = true
    expect((await read(simulator, 'region-id')).status).toBe(401)
    const { text } = await token(simulator)
    expect((await read(simulator, 'region-id', { 'x-aliyun-ecs-metadata-token': text })).text).toBe('cn-hangzhou')
    expect((await token(simulator, '21601')).status).toBe(400)
  })
})

describe("the role's keys", () => {
  const keys = async (simulator: Simulator) => JSON.parse((await read(simulator, 'ram/security-credentials/swarm-slb')).text)
  const withKeys = (given: { AccessKeyId: string; AccessKeySecret: string; SecurityToken?: string }) => {
    const { AccessKeyId, AccessKeySecret, SecurityToken } = given
    return signed({ Action: 'DescribeLoadBalancers', AccessKeyId, ...(SecurityToken ? { SecurityToken } : {}) }, 'POST', AccessKeySecret)
  }

  test('sign calls together with their token, and only so', async () => {
    const simulator = await simulate()
    const given = await keys(simulator)
    expect(given).toMatchObject({ Code: 'Success', Expiration: expect.stringMatching(/Z$/) })
    expect((await send(simulator, withKeys(given))).status).toBe(200)
    expect((await send(simulator, withKeys({ ...given, SecurityToken: '' }))).body['Code']).toBe('InvalidAccessKeyId.NotFound')
    expect((await send(simulator, withKeys({ ...given, SecurityToken: 'x' }))).body['Code']).toBe(
      'InvalidSecurityToken.MismatchWithAccessKey',
    )
    expect(JSON.stringify(simulator.requests.entries())).not.toContain(given.SecurityToken)
  })

  test('stay the same for half of their life and end at their time', async () => {
    const simulator = await simulate({ settings: { metadata: { credentialSeconds: 0.2 } } })
    const given = await keys(simulator)
    expect((await keys(simulator)).AccessKeyId).toBe(given.AccessKeyId)
    await new Promise((resolve) => setTimeout(resolve, 220))
    expect((await send(simulator, withKeys(given))).body['Code']).toBe('InvalidSecurityToken.Expired')
    expect((await keys(simulator)).AccessKeyId).not.toBe(given.AccessKeyId)
  })

  test('do not take the place of the permanent ones', async () => {
    const simulator = await simulate({ accessKeys: { other: 'secret' } })
    expect((await call(simulator, 'DescribeLoadBalancers')).body['Code']).toBe('InvalidAccessKeyId.NotFound')
    expect((await send(simulator, withKeys({ AccessKeyId: 'other', AccessKeySecret: 'secret' }))).status).toBe(200)
  })
})
