import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { flagOf, SETTING_KEYS, SETTINGS, type Setting } from '../../src/config/settings.ts'
import { CONFIG, run } from './terminal.ts'

const COMMANDS = ['run', 'plan', 'status', 'approve', 'cleanup', 'healthcheck', 'simulate']
const root = join(import.meta.dirname, '../..')

describe('the command line', () => {
  test('lists its commands', async () => {
    const { code, out } = await run(['--help'])
    expect(code).toBe(0)
    for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
  })

  test('shows every setting but the secrets as a flag, in groups', async () => {
    const { out } = await run(['run', '--help'])
    for (const key of SETTING_KEYS) {
      const setting: Setting = SETTINGS[key]
      if (setting.secret) expect(out).not.toContain(flagOf(setting))
      else expect(out).toContain(`  ${flagOf(setting)}`)
    }
    expect(out).toMatch(/^Timing:\n {2}--slb-removal-grace/m)
    expect(out).toContain('Secrets have no flag: ALIBABA_CLOUD_ACCESS_KEY_ID')
  })

  test('knows its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  test.each([
    [['run', '--slb-idd', 'x'], "unknown option '--slb-idd'\n(Did you mean --slb-id?)"],
    [['plane'], "unknown command 'plane'\n(Did you mean plan?)"],
    [['run', 'now'], 'too many arguments'],
    [['run', '--slb-id'], 'argument missing'],
    [['simulate', '--api-port', '99999'], 'Expected a number from 0 to 65535'],
    [[], 'Usage: swarm-slb'],
  ])('answers %j with a hint and code 1, which is no plan with changes', async (args, hint) => {
    const { code, err, out } = await run(args)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(hint)
  })

  test('does not repeat a secret that was given as a flag', async () => {
    const { code, err } = await run(['run', '--alibaba-cloud-access-key-secret=hunter2'])
    expect(code).toBe(1)
    expect(err).not.toContain('hunter2')
  })

  test('reports all problems of the configuration with code 78', async () => {
    const { code, err } = await run(['run', '--slb-drain', '30'], { env: { SLB_PORTS: 'x\u009b' } })
    expect(code).toBe(78)
    expect(err.split('\n')).toEqual([
      'swarm-slb: bad configuration',
      '  SLB_PORTS is "x\\u009b": expected ports and ranges, such as 80,443,30000-30010',
      '  --slb-drain is "30": expected a duration with a unit, such as 30s or 5m, from 0s to 24h',
      '  ALIBABA_CLOUD_REGION_ID is not set: region of the load balancers and nodes',
      '  SLB_ID is not set: name the load balancer of this swarm, or in SLB_ALLOW those that labels may name',
      '',
    ])
  })
})

test('names misspelt variables beside the setting that is missing because of them', async () => {
  const { code, err } = await run(['run'], { env: { SLB_IDS: 'lb-1', SLB_COLOUR: 'x', ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou' } })
  expect(code).toBe(78)
  expect(err).toContain('SLB_ID is not set')
  expect(err).toContain('  SLB_IDS is not a setting; did you mean SLB_ID?\n  SLB_COLOUR is not a setting\n')
})

describe('run', () => {
  test('hands the configuration to the daemon, flags before variables', async () => {
    const seen: unknown[] = []
    const runDaemon = async (config: object) => void seen.push(config)
    const { code, err } = await run(['run', '--slb-drain', '5s', '--slb-dry-run'], {
      env: { ...CONFIG, SLB_DRAIN: '9s' },
      app: { runDaemon },
    })
    expect([code, err]).toEqual([0, ''])
    expect(seen).toMatchObject([{ drainMs: 5000, dryRun: true, loadBalancers: ['lb-1'] }])
  })

  test('warns of variables that are likely misspelt', async () => {
    const { err } = await run(['run'], { env: { ...CONFIG, SLB_DRIAN: '9s' }, app: { runDaemon: async () => {} } })
    expect(JSON.parse(err)).toMatchObject({ level: 'warn', variable: 'SLB_DRIAN', meant: 'SLB_DRAIN' })
  })

  test('logs an unexpected error and ends with 1', async () => {
    const runDaemon = () => Promise.reject(new Error('boom'))
    const { code, err } = await run(['run'], { app: { runDaemon } })
    expect(code).toBe(1)
    expect(JSON.parse(err)).toMatchObject({ level: 'fatal', err: { message: 'boom' } })
  })

  test('ends well when it is told to stop', async () => {
    const stop = new AbortController()
    const runDaemon = async () => {
      stop.abort()
      stop.signal.throwIfAborted()
    }
    expect(await run(['run'], { app: { runDaemon }, signal: stop.signal })).toMatchObject({ code: 0, err: '' })
  })

  test('logs text on a terminal unless it is told otherwise', async () => {
    const env = { ...CONFIG, SLB_DRIAN: '9s', NO_COLOR: '1' }
    const app = { runDaemon: async () => {} }
    expect((await run(['run'], { env, app, isTerminal: true, width: 80 })).err).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: not a setting/)
    expect((await run(['run', '--log-format', 'json'], { env, app, isTerminal: true, width: 80 })).err).toMatch(/^\{/)
  })
})

test('the real program starts with Node and ends by itself', async () => {
  const child = promisify(execFile)(process.execPath, [join(root, 'src/main.ts'), 'plan'], { env: {} })
  const failed = await child.catch((err) => err)
  expect(failed.code).toBe(78)
  expect(failed.stderr).toContain('SLB_ID is not set')
})
