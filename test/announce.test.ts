// What the log is told of a task that makes way.
import { expect, test } from 'vitest'
import { makeWay } from '../src/announce.ts'
import { createBoard } from '../src/board.ts'

function told(...reasons: readonly string[]): readonly string[] {
  const said: string[] = []
  const log = { warn: ({ err }: { readonly err: string }) => said.push(err) } as never
  const board = createBoard({ version: '0', now: () => 0, aliveMs: 1000 })
  for (const reason of reasons) makeWay({ board, log, config: {} as never, now: () => 0 }, reason)
  return said
}

test('that the cloud has not answered a task that starts is no news; that it fails one that was of use is, once', () => {
  expect(told('the cloud has not answered yet', 'no route', '')).toEqual([])
  expect(told('', 'no route', 'no route', 'timeout', '', 'no route')).toEqual(['no route', 'no route'])
})
