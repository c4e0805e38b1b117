// Secrets that were not there at the start, and libraries that would print them.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import type { Scene } from '../lies/scene.ts'
import { swarmService, until } from '../support/stand.ts'
import { begin, expectNone, KEY_ID, PAIR, ROLE, SECRET, SERVICES, sessionOf } from './keys.ts'
import { type Running, runAside, sayings } from './program.ts'

const SECOND_ID = 'Second.Id-Of+Key'
const SECOND = 'Second+Secret/Of-The-Key'

async function putKey({ directory }: Scene, id: string, secret: string): Promise<void> {
  await writeFile(join(directory, 'id'), `${id}\n`)
  await writeFile(join(directory, 'secret'), `${secret}\n`)
}

/** The key comes from files. `keys` is what the cloud knows, and may be changed. */
async function withKeyFiles(context: TestContext, keys: Record<string, string>) {
  const { scene } = await begin(context, { LOG_FORMAT: 'json' }, keys)
  await putKey(scene, KEY_ID, SECRET)
  const { ALIBABA_CLOUD_ACCESS_KEY_ID: _, ALIBABA_CLOUD_ACCESS_KEY_SECRET: __, ...env } = scene.stand.env
  const file = (name: string) => join(scene.directory, name)
  return { scene, keyFiles: { ...env, ALIBABA_CLOUD_ACCESS_KEY_ID_FILE: file('id'), ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE: file('secret') } }
}

/** Somebody pasted it into a label: the log quotes what is wrong with that, and this is where it would show. */
const pasted = (secret: string, n: number) => swarmService(`pasted-${n}`, 30010 + n, { 'slb.port.80': `tcp://:${secret}` })

async function paste(scene: Scene, child: Running, secrets: readonly string[]): Promise<void> {
  scene.stand.services([...SERVICES, ...secrets.map(pasted)])
  const told = (n: number) => new RegExp(`"service":"pasted-${n}".*is no target`).test(child.said())
  await until('the labels are problems', () => secrets.every((_, n) => told(n)), 20_000)
}

describe('a secret that came after the start', { timeout: 60_000 }, () => {
  test('because its file was replaced is struck out of the log, and so is the one before', async (context) => {
    const keys: Record<string, string> = { [KEY_ID]: SECRET }
    const { scene, keyFiles } = await withKeyFiles(context, keys)
    const child = runAside(['run'], keyFiles, context)
    await until('it runs', () => scene.running(8080), 20_000)
    keys[SECOND_ID] = SECOND
    delete keys[KEY_ID]
    await putKey(scene, SECOND_ID, SECOND)
    scene.stand.services([...SERVICES, swarmService('more', 30006, { 'slb.port.80': 'http://:8081' })])
    await until('the new key is used', () => scene.running(8081), 20_000)
    await paste(scene, child, [SECOND, SECRET, SECOND_ID])
    expectNone(child.said(), [KEY_ID, SECRET, SECOND_ID, SECOND])
  })

  test('because a role got a session is struck out of the log', async (context) => {
    const { scene } = await begin(context, ROLE)
    const child = runAside(['run'], scene.stand.env, context)
    await until('it runs', () => scene.running(8080), 20_000)
    const session = await sessionOf(scene)
    await paste(scene, child, session)
    expectNone(child.said(), session)
  })
})

describe('DEBUG and NODE_DEBUG', { timeout: 60_000 }, () => {
  const talkative = { DEBUG: '*', NODE_DEBUG: 'http,https,net,tls' }

  test('make nobody print what is sent to the cloud, private keys among it', async (context) => {
    const { scene } = await begin(context, { LOG_FORMAT: 'json' })
    const child = runAside(['run'], { ...scene.stand.env, ...talkative }, context)
    await until('both run', () => scene.running(8080) && scene.running(8443), 40_000)
    expect(scene.calls('UploadServerCertificate')).toBe(1)
    expectNone(child.said(), [KEY_ID, SECRET, PAIR.key])
  })

  test('nor the sessions of a role', async (context) => {
    const { scene } = await begin(context, ROLE)
    const said = await sayings(['plan'], { ...scene.stand.env, ...talkative }, context)
    expect(said).toContain('create listener http:8080')
    expectNone(said, await sessionOf(scene))
  })
})

test('the simulator does not show a key that it was given', async (context) => {
  const env = { ALIBABA_CLOUD_ACCESS_KEY_ID: KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET: SECRET, LOG_LEVEL: 'trace' }
  const ports = ['--api-port', '0', '--control-port', '0', '--metadata-port', '0']
  const child = runAside(['simulate', ...ports, '--no-data-plane'], env, context)
  await until('it runs', () => child.said().includes('export SLB_ID'), 20_000)
  const api = /SLB_ENDPOINT=(\S+)/.exec(child.said())?.[1] ?? ''
  expect((await fetch(`${api}/?Action=DescribeRegions&AccessKeyId=${encodeURIComponent(KEY_ID)}`)).status).toBe(400)
  expectNone(child.said(), [KEY_ID, SECRET])
})
