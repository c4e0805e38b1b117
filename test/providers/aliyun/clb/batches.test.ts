import { describe, expect, test } from 'vitest'
import type { Member } from '../../../../src/core/model.ts'
import { sendInBatches } from '../../../../src/providers/aliyun/clb/batches.ts'
import { ServersRefused } from '../../../../src/providers/provider.ts'
import { failureOf, member, members, refusal } from './support.ts'

/** Takes a batch whole or, for one bad server in it, not at all. */
function group(bad: readonly string[], code = 'ObtainIpFail') {
  const inside: string[] = []
  const sizes: number[] = []
  const send = async (batch: readonly Member[]) => {
    sizes.push(batch.length)
    if (batch.some(({ server }) => bad.includes(server))) throw refusal(code, 'The specified BackendServers is invalid.')
    inside.push(...batch.map(({ server }) => server))
  }
  return { send, inside, sizes }
}

describe('members in batches', () => {
  test('go twenty at a time', async () => {
    const { send, sizes } = group([])
    await sendInBatches(members(45), send)
    expect(sizes).toEqual([20, 20, 5])
  })

  test('make no call when there are none', async () => {
    const { send, sizes } = group([])
    await sendInBatches([], send)
    expect(sizes).toEqual([])
  })

  test.each([
    'ObtainIpFail',
    'InvalidServerId.NotFound',
    'InvalidServerId.NotExist',
    'NetworkConflict',
    'InvalidBackendServers.Inconsistent',
  ])('all get in but the one that is refused with %s, and the error names it', async (code) => {
    const { send, inside } = group(['i-7'], code)
    const error = await failureOf(sendInBatches(members(45), send))
    expect(inside.toSorted()).toEqual(
      members(45)
        .map(({ server }) => server)
        .filter((server) => server !== 'i-7')
        .toSorted(),
    )
    expect(error).toBeInstanceOf(ServersRefused)
    expect(error).toMatchObject({ status: 'failed', code, servers: ['i-7'] })
    expect(error.message).toBe(`Action: ${code}: refused i-7: The specified BackendServers is invalid.`)
  })

  test('find several refused servers, and name one that is refused on two ports once', async () => {
    const { send, inside } = group(['i-3', 'i-20'])
    const error = await failureOf(sendInBatches([...members(20), member('i-3', 30001)], send))
    expect(inside).toHaveLength(18)
    expect(error).toMatchObject({ servers: ['i-3', 'i-20'] })
  })

  test('find one of twenty in at most ten calls', async () => {
    const { send, sizes } = group(['i-13'])
    await failureOf(sendInBatches(members(20), send))
    expect(sizes.length).toBeLessThanOrEqual(11)
  })

  test.each([
    refusal('InstanceBackendServerNumberOverLimit'),
    refusal('ObtainIpFail', 'timeout', 'unknown'),
    refusal('OperationBusy', 'busy', 'refused'),
  ])('stop at once for %s: it is not about one server', async (error) => {
    let calls = 0
    const send = async () => {
      calls += 1
      throw error
    }
    expect(await failureOf(sendInBatches(members(45), send))).toBe(error)
    expect(calls).toBe(1)
  })
})
