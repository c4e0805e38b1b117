// One fault from its beginning to the swarm's recovery and ours, and what the row in the table says of it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { LabNode } from '../lab.ts'
import { findListener, pageAnswers, type Stage, weightsAre } from '../stage.ts'
import { found, notYet, until } from '../wait.ts'
import { WEB_IMAGE } from '../web-image.ts'
import { absences, judge, type Verdict } from './judge.ts'
import type { Stream } from './load.ts'
import { calm, ECHO, editByHand, everyNode, isMended, PAGE, QUIET, type Scene, whole } from './scene.ts'
import { clashes, takesAway, type Write, writersSeen, writesSince } from './writers.ts'

export type Fault = {
  readonly name: string
  /** A port of its own, for what a user does meanwhile. */
  readonly port: number
  /** Nodes that Swarm may call down meanwhile: only these may lose their weight. */
  readonly suffering: readonly LabNode[]
  /** Whether a user can change anything meanwhile: without a quorum nobody can. */
  readonly change: 'meanwhile' | 'afterwards'
  /** From the first blow to the moment in which nothing is broken by us any more. */
  readonly provoke: () => Promise<unknown>
}

export type Row = {
  readonly name: string
  /** From the fault's end to a whole swarm, and from there to a load balancer in step; s. */
  readonly swarmTook: number
  readonly took: number
  readonly http: readonly Verdict[]
  readonly tcp: readonly Verdict[]
  readonly writes: readonly Write[]
  readonly wrong: readonly string[]
}

const WHOLE_MS = 90_000
const CONVERGE_MS = 90_000

export async function carryOut(scene: Scene, fault: Fault): Promise<Row> {
  const { stage } = scene
  const begun = Date.now()
  await editByHand(stage, `/by-hand-${fault.port}`)
  const user = fault.change === 'meanwhile' ? sleep(1000).then(() => created(scene, fault)) : undefined
  user?.catch(() => {}) // told below
  await fault.provoke()
  const healed = Date.now()
  await (user ?? created(scene, fault))
  await until('the swarm is whole', WHOLE_MS, () => whole(stage))
  const swarmAt = Date.now()
  await inStep(stage, fault.port)
  const took = (Date.now() - swarmAt) / 1000
  await pageAnswers(stage, fault.port, CONVERGE_MS)
  await until('visitors are served', WHOLE_MS, () => calm(scene, 2000))
  return { name: fault.name, swarmTook: (swarmAt - healed) / 1000, took, ...(await seen(scene, fault, begun)) }
}

/** All nodes with their full weight, the user's listener there, and what was changed by hand undone. */
async function inStep(stage: Stage, port: number): Promise<void> {
  await weightsAre(stage, everyNode(stage), CONVERGE_MS, PAGE.listener)
  await until(`listener ${port} runs`, CONVERGE_MS, async () => {
    const listener = await findListener(stage, port)
    return listener?.status === 'running' ? found(true) : notYet(listener?.status)
  })
  await until('the edit by hand is undone', CONVERGE_MS, () => isMended(stage))
}

async function seen({ stage, load, watching, nameOf }: Scene, { suffering }: Fault, begun: number) {
  const samples = watching.between(begun, Date.now())
  const writes = await writesSince(stage.cloud, begun, nameOf)
  const names = (nodes: readonly LabNode[]) => nodes.map(({ name }) => name)
  // Both ports are of one service: what reaches its tasks is the same.
  const controls = [...load.pageControls, ...load.echoControls]
  const since = ({ failures }: Stream) => failures.filter(({ endedAt }) => endedAt >= begun)
  return {
    http: judge(PAGE.listener, since(load.page), controls, samples),
    tcp: judge(ECHO.listener, since(load.echo), controls, samples),
    writes,
    wrong: [
      ...absences(samples, [PAGE.listener, ECHO.listener, QUIET], names(stage.lab.nodes()), names(suffering)),
      ...writes.filter(takesAway).map((write) => `${write.node} called ${write.action} ${write.what}`),
      ...clashes(writes),
    ],
  }
}

/** As a user does it who tries again until the swarm takes it; through a manager that is not hit, where there is one. */
function created({ stage }: Scene, { port, suffering }: Fault): Promise<string> {
  const name = `user-${port}`
  const well = stage.lab.nodes().filter((node) => !suffering.includes(node))
  const publish = ['--replicas', '1', '--publish', '80', '--label', `slb.port.80=http://:${port}`]
  const command = ['service', 'create', '--detach', '--no-resolve-image', '--name', name, ...publish, WEB_IMAGE]
  let tries = 0
  return until(`service ${name} is created`, WHOLE_MS, async () => {
    const through = well[tries % Math.max(1, well.length)] ?? 'manager'
    tries += 1
    const done = await stage.lab.docker(through, command, { timeoutMs: 20_000 }).catch(String)
    return /^\w+$/.test(done) || done.includes('name conflicts with an existing object') ? found(name) : notYet(done)
  })
}

const cells = ({ name, swarmTook, took, http, tcp, writes }: Row): readonly string[] => {
  const mesh = [...http, ...tcp].filter((one) => one.mesh).length
  return [name, swarmTook.toFixed(1), took.toFixed(1), String(http.length), String(tcp.length), String(mesh), writersSeen(writes)]
}

const HEAD = [
  'fault',
  's until the swarm is whole',
  's to converge',
  'http failures',
  'tcp failures',
  "of these the mesh's own",
  'writers seen',
]

export function table(rows: readonly Row[]): string {
  const all = [HEAD, ...rows.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')).join('\n')
}
