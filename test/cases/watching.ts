// What a test of a case needs to see: the writes that reached the cloud, in their order and few words.
import { planOnce } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { isWrite } from '../../src/simulator/actions/call.ts'
import { silent } from '../support/board.ts'
import { type Stand, until } from '../support/stand.ts'

/** On a machine that others use, too. */
const PATIENCE_MS = 15_000

const WHERE = ['LoadBalancerId', 'ListenerPort', 'RegionId']

/** `Set Scheduler=rr` for a listener's Set call, with all that it carries; the action alone for every other write. */
export const writes = ({ simulator }: Stand): string[] =>
  simulator.requests
    .entries()
    .filter(({ action }) => isWrite(action))
    .map(({ action, params }) => {
      if (!/^SetLoadBalancer\w+ListenerAttribute$/.test(action)) return action
      const sent = Object.entries(params).filter(([name]) => !WHERE.includes(name))
      return ['Set', ...sent.map(([name, value]) => `${name}=${value}`).sort()].join(' ')
    })

export const calls = ({ simulator }: Stand, action: string): number => simulator.requests.counts().byAction[action] ?? 0

const NEVER = new AbortController().signal

/** Reads swarm and cloud anew, as a daemon that has just started would: is anything left to do? */
export const inSync = async (stand: Stand): Promise<boolean> =>
  (await planOnce(readConfig({ env: stand.env, flags: {} }), silent, NEVER)).inSync

/** What is left to do for a daemon that has just started. */
const left = async (stand: Stand) => {
  const { loadBalancers, problems } = await planOnce(readConfig({ env: stand.env, flags: {} }), silent, NEVER)
  return { changes: loadBalancers.flatMap(({ changes }) => changes), problems: problems.map(({ text }) => text) }
}

/** The writes that this step brings about, until a fresh reading finds nothing left to do. */
export async function writesOf(stand: Stand, step: () => void, expected: number): Promise<string[]> {
  stand.simulator.requests.reset()
  step()
  await until(`${expected} writes`, () => writes(stand).length >= expected, PATIENCE_MS).catch((error: Error) => {
    throw new Error(`${error.message}; there were ${writes(stand).join(' | ')}`)
  })
  for (let look = 0; !(await inSync(stand)); look += 1) if (look > 20) throw new Error(`still to do: ${JSON.stringify(await left(stand))}`)
  return writes(stand)
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export const runs = (stand: Stand, ...ports: readonly number[]) =>
  until(`${ports.join()} run`, () => ports.every((port) => stand.listener(port)?.status === 'running'), PATIENCE_MS)

/** Log lines as data. */
export const logged = ({ logged: lines }: Stand): readonly Readonly<Record<string, unknown>>[] => lines.map((line) => JSON.parse(line))

export const problem = (stand: Stand, text: string, ms = PATIENCE_MS) =>
  until(
    `a problem that says ${text}`,
    () => logged(stand).some((line) => line['message'] === 'problem' && String(line['problem']).includes(text)),
    ms,
  )
