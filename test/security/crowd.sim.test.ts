// Somebody takes all connections that the HTTP address has, and keeps them: the work and the health check go on.
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nock from 'nock'
import { beforeAll, expect, type TestContext, test } from 'vitest'
import { ask } from '../../src/http/client.ts'
import { run } from '../commands/terminal.ts'
import { startStand, swarmService, until } from '../support/stand.ts'

// Raw sockets are to be raw.
beforeAll(() => nock.restore())

/** As many idle connections as it is let have, for as long as the test runs: what is closed is opened again. */
function crowd(port: number, size: number, { onTestFinished }: TestContext) {
  const open = new Set<Socket>()
  let ended = false
  const join = () => {
    if (ended) return
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => open.add(socket))
    socket.on('error', () => {})
    socket.resume()
    socket.on('close', () => {
      open.delete(socket)
      setTimeout(join, 20)
    })
  }
  for (let one = 0; one < size; one += 1) join()
  onTestFinished(() => {
    ended = true
    for (const socket of open) socket.destroy()
  })
}

test('a thousand idle connections that stay keep neither a pass nor the health check from going on', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'swarm-slb-'))
  const SLB_SOCKET = join(directory, 'slb.sock')
  const stand = await startStand({ env: { SLB_HTTP_ADDR: '127.0.0.1:0', SLB_SOCKET } })
  context.onTestFinished(async () => {
    await stand.close()
    rmSync(directory, { recursive: true, force: true })
  })
  stand.services([swarmService('first', 30_000, { 'slb.port.80': 'tcp://:8080' })])
  stand.start()
  await until('the first listener runs', () => stand.listener(8080)?.status === 'running')
  const line = stand.logged.find((text) => text.includes('http server listening')) ?? ''
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1])
  const reached = () => ask({ host: '127.0.0.1', port }, { path: '/healthz', timeoutMs: 500 }).then(({ text }) => text, String)
  expect(await reached()).toBe('ok\n')

  crowd(port, 1000, context)
  await expect.poll(reached, { timeout: 10_000 }).toMatch(/Error/)
  stand.services([swarmService('second', 30_001, { 'slb.port.80': 'tcp://:9090' })])
  await until('the listener of a new service runs', () => stand.listener(9090)?.status === 'running', 10_000)
  const env = { SLB_HTTP_ADDR: `127.0.0.1:${port}`, SLB_SOCKET }
  expect(await run(['healthcheck'], { env })).toEqual({ code: 0, out: 'ok\n', err: '' })
  expect(await reached()).toMatch(/Error/)
})
