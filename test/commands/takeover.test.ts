// `takeover` on the command line: the plan first, and nothing done without --yes.
import { describe, expect, test } from 'vitest'
import type { App } from '../../src/commands/io.ts'
import type { TakeoverReport } from '../../src/takeover.ts'
import { run } from './terminal.ts'

const CHANGES = ['tag load balancer swarm-slb:me=new', 'update listener tcp:80: note -> x']
const PLAN = { name: 'front', text: '1 listener', changes: CHANGES }

function app(failed: readonly string[] = [], changes = CHANGES) {
  const asked: { readonly from: string; readonly dryRun: boolean; readonly force: boolean }[] = []
  const takeOver: App['takeOver'] = async (_, __, { from, dryRun, force, onProgress }) => {
    asked.push({ from, dryRun, force })
    if (!dryRun && failed.length === 0) for (const change of changes) onProgress(`front: ${change}`)
    return { plans: [{ ...PLAN, changes }], failed, done: dryRun || failed.length > 0 ? 0 : changes.length }
  }
  return { asked, app: { takeOver } }
}

describe('takeover', () => {
  test('without --yes prints what would go over, and does nothing', async () => {
    const its = app()
    const { code, out } = await run(['takeover', '--from', 'old'], its)
    expect(code).toBe(0)
    expect(out).toBe(
      [
        'front: 1 listener',
        ...CHANGES.map((line) => `  ${line}`),
        'Nothing was done yet. To do all of it: swarm-slb takeover --from old --yes',
        '',
      ].join('\n'),
    )
    expect(its.asked).toEqual([{ from: 'old', dryRun: true, force: false }])
  })

  test('with --yes prints the plan before it does it', async () => {
    const its = app()
    const { code, out } = await run(['takeover', '--from', 'old', '--yes', '--force'], its)
    expect(code).toBe(0)
    expect(out.indexOf('front: 1 listener')).toBeLessThan(out.indexOf('done: front:'))
    expect(out).toContain('2 of 2 changes made.')
    expect(its.asked).toEqual([
      { from: 'old', dryRun: true, force: true },
      { from: 'old', dryRun: false, force: true },
    ])
  })

  test('that is refused says why and ends with 1', async () => {
    const { code, out, err } = await run(['takeover', '--from', 'old', '--yes'], app(['the other swarm seems to be alive\n\u001b[2J']))
    expect(code).toBe(1)
    expect(err).toBe('failed: the other swarm seems to be alive\\u000a\\u001b[2J\n')
    expect(out).toContain('0 of 2 changes made. It can be run again.')
  })

  test('that fails in part says what will be left before it does the rest, and says it once', async () => {
    const left = 'back: Forbidden.RAM'
    const takingOver = (act: () => TakeoverReport): App['takeOver'] => {
      return async (_, __, { dryRun }) => (dryRun ? { plans: [PLAN], failed: [left], done: 0 } : act())
    }
    const args = ['takeover', '--from', 'old', '--yes', '--force']
    const done = takingOver(() => ({ plans: [PLAN], failed: [left, 'front: not done'], done: 1 }))
    expect(await run(args, { app: { takeOver: done } })).toMatchObject({ code: 1, err: `failed: ${left}\nfailed: front: not done\n` })
    const cut = takingOver(() => {
      throw new Error('cut')
    })
    expect((await run(args, { app: { takeOver: cut } })).err).toContain(`failed: ${left}\n`)
  })

  test('with nothing to take over says so', async () => {
    const its = app([], [])
    expect(await run(['takeover', '--from', 'old', '--yes'], its)).toMatchObject({
      code: 0,
      out: expect.stringContaining('There is nothing'),
    })
    expect(its.asked).toHaveLength(1)
  })

  test.each([[[]], [['--from', 'a/b']], [['--from', '']]])('wants an owner: %j', async (args) => {
    const its = app()
    expect((await run(['takeover', ...args, '--yes'], its)).code).toBe(1)
    expect(its.asked).toEqual([])
  })
})
