import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CredentialsError, createCredentials } from '../../../src/providers/aliyun/credentials.ts'
import type { Metadata, RoleSession } from '../../../src/providers/aliyun/metadata.ts'
import { useNock } from '../../support/nock.ts'
import { json, serve } from './support.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'swarm-slb-credentials-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(dir, { recursive: true })
})
const write = async (name: string, text: string) => {
  await writeFile(join(dir, `${name}.new`), text)
  await rename(join(dir, `${name}.new`), join(dir, name))
  return { file: join(dir, name) }
}

const MINUTE = 60_000
/** A role whose sessions are numbered; `give` says how long the next one is good for, or that there is none. */
function role(start = 0) {
  const state = { now: start, lifeMs: 360 * MINUTE, fail: false, loads: 0 }
  const roleCredentials = async (): Promise<RoleSession> => {
    state.loads += 1
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (state.fail) throw new Error('metadata is away')
    return { accessKeyId: `id-${state.loads}`, accessKeySecret: 's', securityToken: 't', expiresAt: state.now + state.lifeMs }
  }
  const unused = () => Promise.reject(new Error('not asked'))
  const metadata: Metadata = { regionId: unused, vpcId: unused, instanceId: unused, roleCredentials }
  const cache = createCredentials({ kind: 'instanceRole', metadata }, { now: () => state.now })
  return { state, cache, id: async () => (await cache.get()).accessKeyId }
}

describe('the cache', () => {
  test('asks once for many calls at a time', async () => {
    const { cache, state } = role()
    const all = await Promise.all(Array.from({ length: 20 }, () => cache.get()))
    expect(state.loads).toBe(1)
    expect(new Set(all).size).toBe(1)
  })

  test.each([
    { name: 'a long session for ten minutes', lifeMs: 360 * MINUTE, keptMs: 10 * MINUTE },
    { name: 'a session until 15 minutes before its end', lifeMs: 20 * MINUTE, keptMs: 5 * MINUTE },
    { name: 'a session near its end for half a minute', lifeMs: 10 * MINUTE, keptMs: MINUTE / 2 },
  ])('keeps $name', async ({ lifeMs, keptMs }) => {
    const { state, id } = role()
    state.lifeMs = lifeMs
    expect(await id()).toBe('id-1')
    state.now = keptMs - 1
    expect(await id()).toBe('id-1')
    state.now = keptMs
    expect(await id()).toBe('id-2')
  })

  test('keeps the old session when the refresh fails, until it really ends, and does not ask all the time', async () => {
    const { state, id } = role()
    state.lifeMs = 60 * MINUTE
    await id()
    state.fail = true
    state.now = 10 * MINUTE
    expect(await id()).toBe('id-1')
    expect(await id()).toBe('id-1')
    expect(state.loads).toBe(2)
    state.now = 59 * MINUTE
    expect(await id()).toBe('id-1')
    state.now = 60 * MINUTE
    await expect(id()).rejects.toThrow(CredentialsError)
    state.fail = false
    expect(await id()).toBe('id-5')
  })

  test('recovers from a first failure', async () => {
    const { state, id } = role()
    state.fail = true
    await expect(id()).rejects.toThrow('no credentials from instanceRole: unexpected answer')
    state.fail = false
    expect(await id()).toBe('id-2')
  })

  test('looks again when told that they are not accepted, but not for those that were replaced already', async () => {
    const { cache, id } = role()
    const first = await cache.get()
    cache.invalidate(first)
    expect(await id()).toBe('id-2')
    cache.invalidate(first)
    expect(await id()).toBe('id-2')
    cache.invalidate()
    expect(await id()).toBe('id-3')
  })

  test('credentials that turn out bad during a refresh do not come back when it fails', async () => {
    const { cache, state } = role()
    const first = await cache.get()
    state.fail = true
    state.now = 10 * MINUTE
    const refreshed = cache.get()
    await expect.poll(() => state.loads, { interval: 1 }).toBe(2)
    cache.invalidate(first)
    await expect(refreshed).rejects.toThrow(CredentialsError)
  })

  test('credentials that are not accepted do not come back when the refresh fails', async () => {
    const { cache, state } = role()
    cache.invalidate(await cache.get())
    state.fail = true
    await expect(cache.get()).rejects.toThrow(CredentialsError)
  })
})

describe('credentials as values and files', () => {
  test('are what they say', async () => {
    const cache = createCredentials({ kind: 'static', accessKeyId: 'a', accessKeySecret: { reveal: () => 's' }, securityToken: 't' })
    expect(await cache.get()).toEqual({ accessKeyId: 'a', accessKeySecret: 's', securityToken: 't' })
  })

  test('a file that changes counts with the next call', async () => {
    const cache = createCredentials({
      kind: 'static',
      accessKeyId: await write('id', 'one\n'),
      accessKeySecret: await write('secret', 's1\n'),
    })
    expect(await cache.get()).toEqual({ accessKeyId: 'one', accessKeySecret: 's1' })
    await write('id', 'two\n')
    await write('secret', 's2\n')
    expect(await cache.get()).toEqual({ accessKeyId: 'two', accessKeySecret: 's2' })
  })

  test.each(['empty', 'gone'])('a file that is %s for a moment changes nothing', async (how) => {
    const secret = await write('secret', 's1')
    const cache = createCredentials({ kind: 'static', accessKeyId: 'one', accessKeySecret: secret })
    await cache.get()
    if (how === 'empty') await writeFile(secret.file, '')
    else await rm(secret.file)
    expect(await cache.get()).toMatchObject({ accessKeySecret: 's1' })
    await write('secret', 's2')
    expect(await cache.get()).toMatchObject({ accessKeySecret: 's2' })
  })

  test('a file that is missing from the start is named', async () => {
    const cache = createCredentials({ kind: 'static', accessKeyId: { file: join(dir, 'none') }, accessKeySecret: 's' })
    await expect(cache.get()).rejects.toThrow(`no credentials from static: ${join(dir, 'none')}: ENOENT`)
  })
})

describe("the vendor's own sources", () => {
  useNock()
  const answer = { AccessKeyId: 'uri-id', AccessKeySecret: 'uri-secret', SecurityToken: 'uri-token', Expiration: '2099-01-01T00:00:00Z' }

  test('a URI gives a session', async () => {
    await using server = await serve((_, response) => json(response, 200, answer))
    const cache = createCredentials({ kind: 'uri', uri: `${server.url}/credentials` })
    await Promise.all([cache.get(), cache.get()])
    expect(await cache.get()).toEqual({ accessKeyId: 'uri-id', accessKeySecret: 'uri-secret', securityToken: 'uri-token' })
    expect(server.asked).toHaveLength(1)
  })

  test('a URI that fails first is asked again, and its answer is not quoted', async () => {
    await using server = await serve((_, response, number) => {
      if (number === 1) json(response, 200, { ...answer, SecurityToken: '' })
      else if (number === 2) json(response, 500, answer)
      else json(response, 200, answer)
    })
    const cache = createCredentials({ kind: 'uri', uri: server.url })
    const first: unknown = await cache.get().catch((error: unknown) => error)
    expect(String(first)).toBe('CredentialsError: no credentials from uri: unexpected answer')
    await expect(cache.get()).rejects.toThrow(/^no credentials from uri: 500$/)
    expect(await cache.get()).toMatchObject({ accessKeyId: 'uri-id' })
  })

  test('a section of the credentials file', async () => {
    const { file } = await write('ini', '[work]\ntype = access_key\naccess_key_id = ini-id\naccess_key_secret = ini-secret\n')
    vi.stubEnv('ALIBABA_CLOUD_CREDENTIALS_FILE', file)
    const cache = createCredentials({ kind: 'profile', name: 'work' })
    expect(await cache.get()).toEqual({ accessKeyId: 'ini-id', accessKeySecret: 'ini-secret' })
    await expect(createCredentials({ kind: 'profile', name: 'home' }).get()).rejects.toThrow('no such section')
  })

  test('an OIDC token is exchanged; a refusal is named by its code only', async () => {
    const { default: nock } = await import('nock')
    const sts = nock('https://sts-vpc.cn-test.aliyuncs.com')
      .post('/', /OIDCToken=the-oidc-token/)
      .query(true)
    sts.reply(400, { RequestId: 'r', Code: 'AuthenticationFail.OIDCToken.Expired', Message: 'token the-oidc-token' })
    nock('https://sts-vpc.cn-test.aliyuncs.com')
      .post('/')
      .query(true)
      .reply(200, { Credentials: { ...answer, AccessKeyId: 'oidc-id' } })
    const { file } = await write('token', 'the-oidc-token')
    const cache = createCredentials({
      kind: 'oidc',
      roleArn: 'r',
      providerArn: 'p',
      tokenFile: file,
      stsHost: 'sts-vpc.cn-test.aliyuncs.com',
    })
    await expect(cache.get()).rejects.toThrow(/^no credentials from oidc: AuthenticationFail.OIDCToken.Expired$/)
    expect(await cache.get()).toMatchObject({ accessKeyId: 'oidc-id' })
    nock.cleanAll()
  })
})
