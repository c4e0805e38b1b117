// Whoever asks for pages without end may keep others from reading them, and keeps nothing from being done.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, type TestContext, test } from 'vitest'
import { openScene } from '../lies/scene.ts'
import { swarmService, until } from '../support/stand.ts'
import { freePort, runAside } from './program.ts'

/** 60 connections, each of which asks again as soon as it has an answer; prints how many it got. */
const FLOOD = `
const { Agent, get } = require('node:http')
const agent = new Agent({ keepAlive: true, maxSockets: 60 })
let answers = 0
const ask = () => get({ agent, host: '127.0.0.1', port: process.argv[1], path: '/status.json' }, (answer) => {
  answer.resume().on('end', () => { answers += 1; ask() })
}).on('error', () => setTimeout(ask, 10))
for (let n = 0; n < 60; n += 1) ask()
process.on('SIGTERM', () => { console.log(answers); process.exit() })
`

function flood(port: number, { onTestFinished }: TestContext) {
  const child = spawn(process.execPath, ['--eval', FLOOD, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  const stop = async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'close')
    return Number(text)
  }
  onTestFinished(async () => void (await stop()))
  return stop
}

test('a flood of questions keeps no service from being exposed, or from being taken back', { timeout: 60_000 }, async (context) => {
  const port = await freePort()
  const scene = await openScene(context, { env: { SLB_HTTP_ADDR: `127.0.0.1:${port}`, SLB_RESYNC_INTERVAL: '1h' } })
  const web = swarmService('web', 30000, { 'slb.port.80': 'http://:8080' })
  scene.stand.services([web])
  runAside(['run'], scene.stand.env, context)
  await until('the first runs', () => scene.running(8080), 20_000)
  const stop = flood(port, context)
  for (let n = 1; n <= 5; n += 1) {
    scene.stand.services([web, swarmService('more', 30001, { 'slb.port.80': `http://:${9000 + n}` })])
    await until('the next runs', () => scene.running(9000 + n), 8000)
    scene.stand.services([web])
    await until('it is taken back', () => !scene.running(9000 + n), 8000)
  }
  expect(await stop()).toBeGreaterThan(500)
})
