import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { createGate, createLanes, createLine, type Place } from '../../../src/providers/aliyun/queue.ts'

const place = (share: string, priority = 0): Place => ({ share, priority })
const never = new AbortController().signal

describe('who goes next', () => {
  test.each([
    { name: 'first come, first served', join: ['a1', 'a2', 'a3'], order: ['a1', 'a2', 'a3'] },
    { name: 'shares take turns', join: ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'], order: ['a1', 'b1', 'c1', 'a2', 'b2', 'a3'] },
    { name: 'a priority goes before all below it', join: ['a1', 'a2', 'b1+', 'c1++', 'a3+'], order: ['c1++', 'b1+', 'a3+', 'a1', 'a2'] },
    { name: 'turns are taken within a priority', join: ['a1+', 'a2+', 'b1', 'b2', 'b3+'], order: ['a1+', 'b3+', 'a2+', 'b1', 'b2'] },
    { name: 'one share alone waits for nobody', join: ['b1', 'b2'], order: ['b1', 'b2'] },
  ])('$name', ({ join, order }) => {
    const line = createLine<string>()
    for (const item of join) line.join(place(item.charAt(0), item.split('+').length), item)
    expect(order.map(() => line.next())).toEqual(order)
    expect(line.size).toBe(0)
    expect(line.next()).toBeUndefined()
  })

  test('a share that comes late takes its turn with the ones that wait', () => {
    const line = createLine<string>()
    for (const item of ['a1', 'a2', 'a3']) line.join(place('a'), item)
    expect(line.next()).toBe('a1')
    line.join(place('b'), 'b1')
    expect([line.next(), line.next(), line.next()]).toEqual(['a2', 'b1', 'a3'])
  })

  test('who leaves is not called', () => {
    const line = createLine<string>()
    for (const item of ['a1', 'a2']) line.join(place('a'), item)
    line.leave(place('a'), 'a1')
    line.leave(place('a'), 'a1')
    line.leave(place('b'), 'a2')
    expect(line.size).toBe(1)
    expect([line.next(), line.next()]).toEqual(['a2', undefined])
  })
})

describe('a gate', () => {
  test('asks again after the time it was told, and sets no timer when nobody waits', async () => {
    const asked: number[] = []
    const started = performance.now()
    const gate = createGate(() => {
      asked.push(performance.now() - started)
      return asked.length === 1 ? 30 : 0
    })
    await gate.enter(place('a'), never)
    expect(asked).toHaveLength(2)
    expect(asked[1]).toBeGreaterThan(28)
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(asked).toHaveLength(2)
  })

  test('gives up the place of who stops waiting, with the reason', async () => {
    let open = false
    const gate = createGate(() => (open ? 0 : 10_000))
    const stop = new AbortController()
    const passed: string[] = []
    const first = gate.enter(place('a'), stop.signal).then(() => passed.push('first'))
    const second = gate.enter(place('a'), never).then(() => passed.push('second'))
    stop.abort(new Error('time is up'))
    await expect(first).rejects.toThrow('time is up')
    open = true
    gate.open()
    await second
    expect(passed).toEqual(['second'])
  })

  test('does not let anybody in whose signal has ended before', async () => {
    const gate = createGate(() => 0)
    await expect(gate.enter(place('a'), AbortSignal.abort(new Error('over')))).rejects.toThrow('over')
  })

  test('holds no listener on the signal of who has passed', async () => {
    const { signal } = new AbortController()
    await createGate(() => 0).enter(place('a'), signal)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})

describe('lanes', () => {
  test('hold only so many, and a free one goes to whose turn it is', async () => {
    const lanes = createLanes(2)
    const order: string[] = []
    const enter = async (name: string, where: Place) => {
      const leave = await lanes.enter(where, never)
      order.push(name)
      return leave
    }
    const first = await enter('a1', place('a'))
    const second = await enter('a2', place('a'))
    const waiting = [enter('a3', place('a')), enter('b1', place('b')), enter('c1', place('c', 5))]
    await Promise.resolve()
    expect(order).toEqual(['a1', 'a2'])
    first()
    second()
    const [third, fourth] = await Promise.all([waiting[2], waiting[0]])
    expect(order).toEqual(['a1', 'a2', 'c1', 'a3'])
    third?.()
    fourth?.()
    await waiting[1]
    expect(order.at(-1)).toBe('b1')
  })

  test('who gives up while waiting takes no lane', async () => {
    const lanes = createLanes(1)
    const leave = await lanes.enter(place('a'), never)
    const stop = new AbortController()
    const waiting = lanes.enter(place('a'), stop.signal)
    stop.abort()
    await expect(waiting).rejects.toThrow()
    leave()
    await expect(lanes.enter(place('a'), never)).resolves.toBeTypeOf('function')
  })
})
