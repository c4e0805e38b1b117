// `move`: everything from one load balancer to another, in two steps. Without --yes it only says what would follow.
import { plain } from '../terminal.ts'
import { type Flags, type Io, setUp } from './io.ts'

export type MoveOptions = {
  readonly from: string
  readonly to: string
  readonly step: 'begin' | 'withdraw' | 'cancel'
  readonly yes: boolean
}

const TITLE = { begin: 'will be on both', withdraw: 'will be on the new one alone', cancel: 'will be as labels and SLB_ID say' }

function after({ from, to, step }: MoveOptions): string {
  const command = `swarm-slb move ${plain(from)} ${plain(to)}`
  if (step === 'begin')
    return `The daemon makes them on ${plain(to)} at its next resync. Look with swarm-slb status, lead clients there, then: ${command} --withdraw\n`
  if (step === 'withdraw')
    return `The daemon takes them off ${plain(from)}. Let labels and SLB_ID name ${plain(to)} now; then end the move: ${command} --cancel --yes\n`
  return `What labels and SLB_ID ask of ${plain(from)} is made there, and then leaves ${plain(to)}; what they ask of ${plain(to)} stays.\n`
}

export async function move(flags: Flags, options: MoveOptions, io: Io): Promise<number> {
  const { from, to, step, yes } = options
  const { config, log } = await setUp(io, flags)
  const { lines, failed, done } = await (await io.app()).moveOnce(config, log, { from, to, step, dryRun: !yes }, io.signal)
  if (lines.length > 0)
    io.out.write(`${plain(from)} -> ${plain(to)}, ${TITLE[step]}:\n${lines.map((line) => `  ${plain(line)}\n`).join('')}`)
  for (const line of failed) io.err.write(`failed: ${plain(line)}\n`)
  if (failed.length > 0) return 1
  const again = ['swarm-slb move', plain(from), plain(to), ...(step === 'begin' ? [] : [`--${step}`]), '--yes'].join(' ')
  io.out.write(done ? after(options) : `Nothing was done yet. To do it: ${again}\n`)
  return 0
}
