import { describe, expect, test } from 'vitest'
import { Secret } from '../src/config/secret.ts'
import { createLog, hide, type LogOptions } from '../src/log.ts'
import { silent } from './support/board.ts'

async function lines(format: LogOptions['format'], use: (log: Awaited<ReturnType<typeof createLog>>) => void, level = 'info') {
  const written: string[] = []
  const secrets = [new Secret('hunter2hunter2')]
  use(await createLog({ level, format, colour: false, secrets, write: (text) => written.push(text) }))
  return written
}

describe.each(['text', 'json'] as const)('the log as %s', (format) => {
  test('has one line an entry with its fields', async () => {
    const [line = '', ...more] = await lines(format, (log) => log.info({ lb: 'my-slb', ms: 12 }, 'change applied'))
    expect(more).toEqual([])
    expect(line.trimEnd().split('\n')).toHaveLength(1)
    expect(line).toContain('change applied')
    expect(line).toContain('"lb":"my-slb"')
  })

  test('keeps to its level', async () => {
    expect(await lines(format, (log) => log.debug('quiet'))).toEqual([])
    expect(await lines(format, (log) => log.debug('quiet'), 'debug')).toHaveLength(1)
  })

  test('lets no control character through, in messages, fields, names of fields or errors', async () => {
    const evil = 'a\u001b[2Jb\u009b31mc\u202ed\u0007'
    const written = await lines(format, (log) => log.error({ err: new Error(evil), [evil]: evil, list: [evil] }, evil))
    expect(written.join('').replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(written.join('')).toContain('u001b[2Jb')
  })

  test('lets nobody forge a line', async () => {
    const [line = ''] = await lines(format, (log) => log.info({ service: 'x\n[00:00] INFO: forged' }, 'one\ntwo'))
    expect(line.trimEnd().split('\n')).toHaveLength(1)
  })

  test('shows the stack of an error', async () => {
    const [line = ''] = await lines(format, (log) => log.error({ err: new Error('boom') }, 'pass failed'))
    expect(line).toContain('boom')
    expect(line).toContain('log.test.ts')
  })

  test('strikes out secrets by value and by name', async () => {
    const written = await lines(format, (log) => {
      log.info({ url: 'https://x/?k=hunter2hunter2', session: { SecurityToken: 'abc123' } }, 'said hunter2hunter2')
      log.error({ err: new Error('hunter2hunter2') }, 'failed')
      log.info({ key: new Secret('other') }, 'config')
    })
    expect(written.join('')).not.toMatch(/hunter2|abc123|other/)
  })

  test('strikes out what became a secret later, and what was one before, in the log of a load balancer too', async () => {
    const written = await lines(format, (log) => {
      const child = log.child({ lb: 'front' })
      log.info('session-token-1 is nothing yet')
      hide(child, ['session-token-1', 'key-1-of-the-role', ''])
      hide(log, ['session-token-2'])
      log.info({ text: 'session-token-1, session-token-2' }, 'of key-1-of-the-role and hunter2hunter2')
      child.info('session-token-2')
    })
    expect(written[0]).toContain('session-token-1')
    expect(written.slice(1).join('')).not.toMatch(/token|of-the-role|hunter2/)
    expect(
      written
        .slice(1)
        .join('')
        .match(/\[secret\]/g),
    ).toHaveLength(5)
  })
})

test('a log that writes nothing has nothing to strike out', () => {
  expect(() => hide(silent, ['session-token-1'])).not.toThrow()
})

test('a JSON line reads back as what was logged', async () => {
  const service = 'a\u009bb\u2028\n"\\'
  const [line = ''] = await lines('json', (log) => log.warn({ service }, 'label problem'))
  expect(JSON.parse(line)).toMatchObject({ level: 'warn', service, message: 'label problem', time: expect.stringMatching(/Z$/) })
})
