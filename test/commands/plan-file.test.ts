// `plan --file` as it is typed: without engine and cloud, in text and as JSON, with its exit codes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { balancer } from '../support/build.ts'
import { CONFIG, run } from './terminal.ts'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'swarm-slb-stack-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

function file(name: string, labels: Readonly<Record<string, string>>): string {
  const path = join(dir, name)
  writeFileSync(path, JSON.stringify({ services: { web: { ports: ['80'], deploy: { labels } } } }))
  return path
}

const GOOD = { 'slb.port.80': 'http://my-slb:8080', 'slb.port.80.health-check-uri': '/ok', 'slb.port.80.rules': 'a.example.com' }

describe('plan --file', () => {
  test('works without any configuration and ends with 0 where all is well', async () => {
    const { code, out, err } = await run(['plan', '--file', file('good.yml', GOOD), '--stack', 'shop'], { env: {} })
    expect([code, err]).toEqual([0, ''])
    expect(out).toBe(
      [
        'shop_web',
        '  80/tcp, allocated by Swarm',
        '    -> http:8080 on my-slb',
        '       only a.example.com/',
        '       health-check-uri /ok',
        '',
        '1 of 1 ports exposed, no problems; nothing was compared with the cloud.',
        '',
      ].join('\n'),
    )
  })

  test('ends with 1 and the problems where there are some', async () => {
    const { code, out } = await run(['plan', '-f', file('bad.yml', { 'slb.port.80': 'http://my-slb:99999' })], { env: {} })
    expect(code).toBe(1)
    expect(out).toContain('80/tcp, allocated by Swarm: left as it is: ')
    expect(out).toMatch(/\nProblems\n {2}web 80\/tcp: slb\.port\.80: /)
    expect(out).toMatch(/0 of 1 ports exposed, 1 problem; /)
  })

  test.each(['ALIBABA_CLOUD_ACCESS_KEY_SECRET', 'ALIBABA_CLOUD_SECURITY_TOKEN', 'ECS_ACCESS_KEY_ID', 'ALIBABA_CLOUD_CREDENTIALS_URI'])(
    "fills in variables, but not %s: the file may be anybody's, and what is said of it is read by others",
    async (name) => {
      const labels = { 'slb.port.80': `http://\${LB}\${${name}}:8080` }
      const env = { LB: 'my-slb', [name]: 'not-to-be-seen' }
      const { code, out, err } = await run(['plan', '-f', file('asks.yml', labels)], { env })
      expect(code).toBe(1)
      expect(out).toContain(`variable ${name} is not set`)
      expect(out).toContain('http:8080 on my-slb\n')
      expect(out + err).not.toContain('not-to-be-seen')
    },
  )

  test('prints the same as JSON', async () => {
    const { out } = await run(['plan', '-f', file('good.yml', GOOD), '--json'], { env: {} })
    expect(JSON.parse(out)).toMatchObject({
      offline: true,
      problems: [],
      ports: [{ service: 'web', published: 'allocated', state: 'exposed' }],
    })
  })

  test('looks at the cloud where one is configured, and not with --offline', async () => {
    const readGround = async () => ({ find: () => balancer(), problemOf: () => '' })
    const path = file('good.yml', GOOD)
    const looked = await run(['plan', '-f', path], { env: CONFIG, app: { readGround } })
    expect(looked.out).toContain('-> http:8080 on my-slb (new)')
    const not = await run(['plan', '-f', path, '--offline'], { env: CONFIG })
    expect([not.code, not.out]).toEqual([0, expect.stringContaining('nothing was compared')])
  })

  test('says how to go on where the cloud does not answer', async () => {
    const readGround = () => Promise.reject(new Error('Forbidden'))
    const { code, err } = await run(['plan', '-f', file('good.yml', GOOD)], { env: CONFIG, app: { readGround } })
    expect([code, err]).toEqual([1, 'swarm-slb: Forbidden; without a look at the cloud: --offline\n'])
  })

  test('says which file cannot be read', async () => {
    expect(await run(['plan', '-f', join(dir, 'none.yml')], { env: {} })).toMatchObject({
      code: 1,
      err: expect.stringContaining('none.yml'),
    })
  })
})
