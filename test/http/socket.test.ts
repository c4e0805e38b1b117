import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HeldDelete } from '../../src/board.ts'
import { ask as send } from '../../src/http/client.ts'
import { serveSocket } from '../../src/http/server.ts'
import { board, silent } from '../support/board.ts'

let directory = ''
let path = ''
let close = async () => {}
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swarm-slb-'))
  path = join(directory, 'slb.sock')
})
afterEach(async () => {
  await close()
  close = async () => {}
  rmSync(directory, { recursive: true, force: true })
})

const held: HeldDelete = { loadBalancer: 'my-slb', listener: 'http:8080', service: 'web', since: '2026-01-02T03:04:05Z' }
const approve = (hash: string | undefined) =>
  hash === 'abc' ? { approved: [held], hash: 'abc', error: '' } : { approved: [], hash: 'abc', error: 'the held deletes have changed' }

async function start(shown = board()) {
  const serving = await serveSocket({ path, board: shown, approve, log: silent })
  close = serving.close
}

const ask = (method: 'GET' | 'POST', url: string, body?: unknown) =>
  send({ socketPath: path }, { method, path: url, ...(body === undefined ? {} : { body }), timeoutMs: 2000 })

describe('the control socket', () => {
  test('opens for its owner only and leaves nothing else behind', async () => {
    await start()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await close()
    close = async () => {}
    expect(() => statSync(path)).toThrow('ENOENT')
    expect(readdirSync(directory)).toEqual([])
  })

  test('gives the status page', async () => {
    await start()
    expect(JSON.parse((await ask('GET', '/status.json')).text)).toMatchObject({ role: 'leader' })
  })

  test('says whether the task is of use, to a health check that nobody can crowd out', async () => {
    await start()
    expect([await ask('GET', '/healthz'), await ask('GET', '/taskz')]).toEqual(Array(2).fill({ status: 200, text: 'ok\n' }))
    await close()
    await start(board({ makesWay: 'no route' }))
    expect([(await ask('GET', '/healthz')).status, (await ask('GET', '/taskz')).status]).toEqual([200, 503])
  })

  test('releases the deletes that a hash names, and says why not otherwise', async () => {
    await start()
    const good = await ask('POST', '/approve', { hash: 'abc' })
    expect([good.status, JSON.parse(good.text)]).toEqual([200, { approved: [held], hash: 'abc', error: '' }])
    const stale = await ask('POST', '/approve', { hash: 'old' })
    expect([stale.status, JSON.parse(stale.text).error]).toEqual([409, 'the held deletes have changed'])
  })

  test.each([['text'], [{ hash: 5 }], [{ hash: 'a', all: true }], [{ hash: 'x'.repeat(2000) }], [[]], [null]])(
    'refuses %j briefly',
    async (body) => {
      await start()
      const { status, text } = await ask('POST', '/approve', body)
      expect([400, 413]).toContain(status)
      expect(text.length).toBeLessThan(30)
    },
  )

  test('replaces what a killed daemon left', async () => {
    const dead = createServer().listen(path)
    await new Promise((resolve) => dead.once('listening', resolve))
    await rename(path, `${path}.kept`) // closing removes the name it was bound to, as a killed process would not
    await new Promise((resolve) => dead.close(resolve))
    await rename(`${path}.kept`, path)
    await start()
    expect((await ask('GET', '/status.json')).status).toBe(200)
  })

  test.each([
    ['a file that is no socket', async () => writeFileSync(path, 'precious'), 'is not a socket'],
    ['a path whose directory is not there', async () => rmSync(directory, { recursive: true }), 'ENOENT'],
    [
      'a live daemon',
      async () => {
        close = (await serveSocket({ path, board: board(), approve, log: silent })).close
      },
      'another daemon answers on it',
    ],
  ])('leaves %s alone and goes on with a warning', async (_, arrange, reason) => {
    const lines: string[] = []
    await arrange()
    const second = await serveSocket({ path, board: board(), approve, log: pino({ level: 'warn' }, { write: (line) => lines.push(line) }) })
    expect(lines.join('')).toContain('no control socket')
    expect(lines.join('')).toContain(reason)
    await second.close()
  })

  test('is not there when it is off', async () => {
    await serveSocket({ path: 'off', board: board(), approve, log: silent })
    expect(existsSync('off')).toBe(false)
  })
})
