// `export` and `move` as they are typed.
import { describe, expect, test } from 'vitest'
import type { App } from '../../src/commands/io.ts'
import { run } from './terminal.ts'

describe('export', () => {
  test('prints the text, the warning apart, and asks for a load balancer that is not configured', async () => {
    const asked: string[] = []
    const exportOnce: App['exportOnce'] = async (config, _, ref, format) => {
      asked.push(`${config.loadBalancers.join()} ${ref} ${format}`)
      return { text: 'services: {}\n', warning: 'no swarm' }
    }
    const env = { ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou' }
    expect(await run(['export', 'my-slb'], { env, app: { exportOnce } })).toEqual({
      code: 0,
      out: 'services: {}\n',
      err: 'warning: no swarm\n',
    })
    await run(['export', 'my-slb', '--terraform'], { env, app: { exportOnce } })
    expect(asked).toEqual(['my-slb my-slb labels', 'my-slb my-slb terraform'])
  })

  test('wants a load balancer', async () => {
    expect(await run(['export'])).toMatchObject({ code: 1, err: expect.stringContaining('load-balancer') })
  })
})

describe('move', () => {
  const moving = (report: Partial<Awaited<ReturnType<App['moveOnce']>>> = {}, ...args: readonly string[]) => {
    const asked: Parameters<App['moveOnce']>[2][] = []
    const moveOnce: App['moveOnce'] = async (_, __, options) => {
      asked.push(options)
      return { lines: ['tcp:80 of web 80/tcp'], failed: [], done: !options.dryRun, ...report }
    }
    return run(['move', 'a', 'b', ...args], { app: { moveOnce } }).then((ran) => ({ ...ran, asked }))
  }

  test('shows what would follow and how to do it', async () => {
    const { code, out, asked } = await moving({}, '--withdraw')
    expect([code, asked]).toEqual([0, [{ from: 'a', to: 'b', step: 'withdraw', dryRun: true }]])
    expect(out).toBe(
      'a -> b, will be on the new one alone:\n  tcp:80 of web 80/tcp\nNothing was done yet. To do it: swarm-slb move a b --withdraw --yes\n',
    )
  })

  test('says what comes next when it was done', async () => {
    const { out, asked } = await moving({}, '--yes')
    expect(asked[0]).toMatchObject({ step: 'begin', dryRun: false })
    expect(out).toContain('then: swarm-slb move a b --withdraw\n')
  })

  test('that is refused ends with 1 and the reasons', async () => {
    const { code, err } = await moving({ failed: ['tcp:80 is not there yet'] }, '--withdraw', '--yes')
    expect([code, err]).toEqual([1, 'failed: tcp:80 is not there yet\n'])
  })

  test('takes one step at a time', async () => {
    expect(await moving({}, '--withdraw', '--cancel')).toMatchObject({ code: 1, asked: [] })
  })
})
