// Everything that the program ever says, searched for the access key's secret, the session's token and a certificate's private key.
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, type TestContext, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { ask } from '../../src/http/client.ts'
import { openScene, type Scene } from '../lies/scene.ts'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { swarmService, until } from '../support/stand.ts'
import { formsOf, freePort, runAside, sayings } from './program.ts'

const SECRET = 'Sec/ret+Of=The&Access-Key%41'
const PAIR = selfSigned('shop.example.com')
const SERVICES = [
  swarmService('web', 30000, { 'slb.port.80': 'http://:8080' }),
  swarmService('shop', 30001, { 'slb.port.80': 'https://:8443', 'slb.port.80.cert-id': 'file:shop' }),
  // Somebody pasted a key where it does not belong: what is shown of it is cut, and no secret of ours.
  swarmService('wrong', 30002, { 'slb.port.80': 'htp://:1' }),
]

const COMMANDS = [
  ['plan'],
  ['plan', '--json'],
  ['status'],
  ['status', '--json'],
  ['cleanup'],
  ['export', 'front'],
  ['--help'],
  ['run', '--help'],
]

const expectNone = (text: string, secrets: readonly string[]) => {
  for (const form of secrets.flatMap(formsOf)) expect(text.includes(form), `${form.slice(0, 8)}… in what was said`).toBe(false)
}

/** Ways of the cloud to answer that tempt a client to quote its request. */
function spoil({ simulator }: Scene['stand']): void {
  const action = 'CreateLoadBalancerHTTPSListener'
  simulator.faults.add({
    action,
    as: { code: 'SignatureDoesNotMatch', status: 400, message: `string to sign is POST&%2F&${SECRET.slice(0, 3)}` },
  })
  simulator.faults.add({ action: 'UploadServerCertificate', as: { code: 'InvalidParameter', status: 400 } })
  simulator.faults.add({ action: 'UploadServerCertificate', nth: 2, as: 'html' })
  simulator.faults.add({ action: 'CreateLoadBalancerHTTPListener', as: 'malformed-json' })
  simulator.faults.add({ action: 'AddBackendServers', as: 'reset' })
}

async function everything(scene: Scene, env: Readonly<Record<string, string>>, port: number, context: TestContext): Promise<string> {
  const { child, said } = runAside(['run'], env, context)
  await until('both run', () => scene.running(8080) && scene.running(8443), 40_000)
  const http = { host: '127.0.0.1', port }
  const socket = { socketPath: env['SLB_SOCKET'] ?? '' }
  const pages = ['/', '/healthz', '/readyz', '/metrics', '/status.json', '/config', '/debug', '/env', '/approve']
  const answers = [
    ...(await Promise.all(pages.map((path) => ask(http, { path, timeoutMs: 5000 })))),
    await ask(socket, { path: '/status.json', timeoutMs: 5000 }),
    await ask(socket, { method: 'POST', path: '/approve', body: {}, timeoutMs: 5000 }),
    await ask(socket, { method: 'POST', path: '/approve', body: { hash: 5 }, timeoutMs: 5000 }),
  ].map(({ text }) => text)
  expect(answers.filter((text) => text.includes('swarm_slb_leader 1'))).toHaveLength(1)
  const title = ['cmdline', 'comm', 'status'].map((file) => readFileSync(`/proc/${child.pid}/${file}`, 'utf8')).join('\n')
  const outputs = await Promise.all(COMMANDS.map((args) => sayings(args, { ...env, SLB_SOCKET: 'off', SLB_HTTP_ADDR: 'off' }, context)))
  expect(outputs[0]).toMatch(/web|in sync/)
  const all = [said(), ...answers, title, ...outputs].join('\n')
  expect(all).toContain('change applied')
  return all
}

async function begin(context: TestContext, env: Readonly<Record<string, string>>, keys: Readonly<Record<string, string>> = {}) {
  const port = await freePort()
  const scene = await openScene(context, {
    env: { SLB_HTTP_ADDR: `127.0.0.1:${port}`, LOG_LEVEL: 'trace', ...env },
    simulator: { accessKeys: { testid: SECRET, ...keys } },
  })
  await writeFile(join(scene.directory, 'shop.crt'), PAIR.cert)
  await writeFile(join(scene.directory, 'shop.key'), PAIR.key)
  scene.stand.services(SERVICES)
  return { scene, port }
}

describe.concurrent('nothing that is ever said holds a secret', { timeout: 120_000 }, () => {
  test.for(['text', 'json'])('with an access key, logging everything as %s', async (LOG_FORMAT, context) => {
    const { scene, port } = await begin(context, { LOG_FORMAT, ALIBABA_CLOUD_ACCESS_KEY_SECRET: SECRET })
    spoil(scene.stand)
    expectNone(await everything(scene, scene.stand.env, port, context), [SECRET, PAIR.key])
  })

  test('with the session of an instance role', async (context) => {
    const { scene, port } = await begin(context, {
      ALIBABA_CLOUD_ACCESS_KEY_ID: '',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: '',
      LOG_FORMAT: 'json',
    })
    spoil(scene.stand)
    const said = await everything(scene, scene.stand.env, port, context)
    const answer = await fetch(`${scene.stand.simulator.metadataUrl}/latest/meta-data/ram/security-credentials/swarm-slb`)
    const { AccessKeySecret, SecurityToken } = JSON.parse(await answer.text())
    expect(SecurityToken.length).toBeGreaterThan(50)
    expectNone(said, [AccessKeySecret, SecurityToken, PAIR.key])
  })

  test('with a key that the cloud refuses, and configurations that are wrong', async (context) => {
    const { scene } = await begin(context, {
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: `${SECRET}x`,
      ALIBABA_CLOUD_SECURITY_TOKEN: 'Token/Of+The=Session',
    })
    const env = scene.stand.env
    const outputs = [
      await sayings(['plan'], env, context),
      await sayings(['plan', '--json'], { ...env, SLB_DRAIN: 'soon' }, context),
      await sayings(['run'], { ...env, ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE: join(scene.directory, 'shop.key') }, context),
      await sayings(['run'], { ...env, ALIBABA_CLOUD_ACCESS_KEY_SECRT: `${SECRET}x`, SLB_ID: '' }, context),
      await sayings(['plan', '--access-key-secret', `${SECRET}x`], env, context),
      await sayings(['plan', `--alibaba-cloud-access-key-secret=${SECRET}x`], env, context),
    ]
    expect(outputs.every((text) => text.length > 10)).toBe(true)
    expectNone(outputs.join('\n'), [`${SECRET}x`, SECRET, 'Token/Of+The=Session', PAIR.key])
  })
})

test('a dump of the configuration shows that there is a secret, and not which', () => {
  const env = {
    SLB_ID: 'lb-1',
    ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'testid',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: SECRET,
    ALIBABA_CLOUD_SECURITY_TOKEN: 'Token/Of+The=Session',
  }
  const config = readConfig({ env, flags: {} })
  const dumps = [
    JSON.stringify(config),
    inspect(config, { depth: null, showHidden: true, getters: true, customInspect: true }),
    inspect(config, { depth: null, showHidden: true, getters: true, customInspect: false }),
    JSON.stringify(Object.entries(structuredClone(JSON.parse(JSON.stringify(config))))),
    `${Object.values(config).map((value) => `${value}`)}`,
  ]
  expect(dumps[0]).toContain('[secret]')
  expectNone(dumps.join('\n'), [SECRET, 'Token/Of+The=Session'])
})
