// Three real managers, one fault after another, under a steady load: what visitors see, what stays, who writes, how soon all is in step.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { carryOut, type Fault, type Row, table } from './faults/act.ts'
import { killDaemon } from './faults/blows.ts'
import { type Scene, setScene } from './faults/scene.ts'

/** 30 s, the graces of 2 s, and the 15 s for which a new writer waits or a node that was down is left out. */
const CONVERGE_S = 30 + 2 + 15
const PER_SECOND = 20

describe('three managers under faults', () => {
  let scene: Scene
  let begun = 0
  const rows: Row[] = []
  beforeAll(async () => {
    scene = await setScene()
    begun = Date.now()
  }, 600_000)
  afterAll(async () => {
    if (rows.length > 0) process.stdout.write(`\n${table(rows)}\n`)
    await scene?.down()
  }, 60_000)
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`swarm-slb, last lines:\n${await scene?.stage.daemon.logTail(60)}\n`)
  })

  let port = 8400
  const survive = async (fault: Omit<Fault, 'port'>) => {
    port += 1
    const row = await carryOut(scene, { ...fault, port })
    rows.push(row)
    process.stdout.write(`${table([row])}\n`)
    expect(row.wrong).toEqual([])
    expect([...row.http, ...row.tcp].filter(({ mesh }) => !mesh)).toEqual([])
    expect(row.took).toBeLessThanOrEqual(CONVERGE_S)
    expect(row.writes).not.toEqual([])
  }

  test('kill -9 of the daemon on the leader', async () => {
    const leader = await scene.stage.lab.leader()
    await survive({
      name: 'kill -9 of the daemon on the leader',
      suffering: [],
      change: 'meanwhile',
      provoke: () => killDaemon(scene.stage, leader),
    })
  })

  test('the load was what it should be all the time', () => {
    const seconds = (Date.now() - begun) / 1000
    for (const stream of [scene.load.page, scene.load.echo]) expect(stream.visits() / seconds).toBeGreaterThanOrEqual(PER_SECOND)
  })
})
