// Everything that the program ever says, searched for the access key's secret, the session's token and a certificate's private key.
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, type TestContext, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { ask } from '../../src/http/client.ts'
import { run } from '../commands/terminal.ts'
import type { Scene } from '../lies/scene.ts'
import { until } from '../support/stand.ts'
import { begin, expectNone, KEY_ID, PAIR, ROLE, SECRET, sessionOf } from './keys.ts'
import { runAside, sayings } from './program.ts'

/** Everything that is there, `run` and `simulate` apart. STACK is a stack file that asks for what it should not get. */
const COMMANDS = [
  ['plan'],
  ['plan', '--json'],
  ['plan', '--file', 'STACK'],
  ['plan', '--file', 'STACK', '--offline', '--json'],
  ['status'],
  ['status', '--json'],
  ['approve'],
  ['approve', 'x', '--yes'],
  ['healthcheck'],
  ['cleanup'],
  ['takeover', '--from', 'earlier'],
  ['move', 'front', 'lb-2'],
  ['export', 'front'],
  ['export', 'front', '--terraform'],
  ['move', 'front', 'lb-2', '--yes'],
  ['move', 'front', 'lb-2', '--cancel', '--yes'],
  ['takeover', '--from', 'earlier', '--yes'],
  ['cleanup', '--yes'],
  ['--help'],
  ['run', '--help'],
]
const VARIABLES = [
  'ALIBABA_CLOUD_ACCESS_KEY_ID',
  'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
  'ALIBABA_CLOUD_SECURITY_TOKEN',
  'ECS_ACCESS_KEY_SECRET',
]
const asking = VARIABLES.map((name, n) => `        slb.port.8${n}: "\${${name}}"\n        slb.\${${name}}: "1"\n`).join('')
const STACK = `services:\n  web:\n    ports: ["80", "81", "82", "83"]\n    deploy:\n      labels:\n${asking}`

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
  const outputs = await commands(scene, env)
  const all = [said(), ...answers, title, ...outputs].join('\n')
  expect(all).toContain('change applied')
  return all
}

/** What the commands say, beside a daemon. */
async function commands({ directory }: Scene, env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const file = join(directory, 'stack.yml')
  await writeFile(file, STACK)
  const app = await import('../../src/app.ts')
  const outputs: string[] = []
  for (const args of COMMANDS) {
    const { code, out, err } = await run(
      args.map((arg) => (arg === 'STACK' ? file : arg)),
      { env, app, width: 200 },
    )
    expect(out.length + err.length, args.join(' ')).toBeGreaterThan(0)
    expect([0, 1, 2], args.join(' ')).toContain(code)
    outputs.push(out, err)
  }
  expect(outputs[0]).toMatch(/web|in sync/)
  return outputs
}

describe.concurrent('nothing that is ever said holds a secret', { timeout: 120_000 }, () => {
  test.for(['text', 'json'])('with an access key, logging everything as %s', async (LOG_FORMAT, context) => {
    const { scene, port } = await begin(context, { LOG_FORMAT })
    spoil(scene.stand)
    expectNone(await everything(scene, scene.stand.env, port, context), [KEY_ID, SECRET, PAIR.key])
  })

  test('with the session of an instance role', async (context) => {
    const { scene, port } = await begin(context, ROLE)
    spoil(scene.stand)
    const said = await everything(scene, scene.stand.env, port, context)
    expectNone(said, [...(await sessionOf(scene)), PAIR.key])
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
      await sayings(['run'], { ...env, ALIBABA_CLOUD_ACCESS_KEY_SECRT: `${SECRET}x`, SLB_ID: '', SLB_ALLOW: '' }, context),
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
