// `takeover`: what an earlier swarm or an earlier SLB_OWNER left on the load balancers goes over to this one. Without --yes it only says what.
import { plain } from '../terminal.ts'
import { CommandError, type Flags, type Io, setUp } from './io.ts'

export type TakeoverOptions = { readonly from: string; readonly yes: boolean; readonly force: boolean }

const OWNER = /^[A-Za-z0-9.-]{1,16}$/

export async function takeover(flags: Flags, { from, yes, force }: TakeoverOptions, io: Io): Promise<number> {
  if (!OWNER.test(from))
    throw new CommandError('--from takes the owner before: 1-16 letters, digits, dots or hyphens, as the tag swarm-slb:<owner> names it')
  const { config, log } = await setUp(io, flags)
  const app = await io.app()
  // The plan comes first, whatever follows.
  const planned = await app.takeOver(config, log, { from, force, dryRun: true, onProgress: () => {} }, io.signal)
  for (const { name, text, changes } of planned.plans) {
    io.out.write(`${plain(name)}: ${plain(text)}\n${changes.map((line) => `  ${plain(line)}\n`).join('')}`)
  }
  fail(planned.failed, io)
  const changes = planned.plans.flatMap((one) => one.changes)
  if (!yes || changes.length === 0) {
    if (changes.length > 0) io.out.write(`Nothing was done yet. To do all of it: swarm-slb takeover --from ${from} --yes\n`)
    else io.out.write('There is nothing to take over.\n')
    return planned.failed.length === 0 ? 0 : 1
  }
  const onProgress = (line: string) => io.out.write(`done: ${plain(line)}\n`)
  const { failed, done } = await app.takeOver(config, log, { from, force, dryRun: false, onProgress }, io.signal)
  fail(
    failed.filter((line) => !planned.failed.includes(line)),
    io,
  )
  io.out.write(
    `${done} of ${changes.length} changes made.${failed.length === 0 ? ' Listeners that no service of this swarm wants stay until: swarm-slb approve\n' : ' It can be run again.\n'}`,
  )
  return failed.length === 0 ? 0 : 1
}

function fail(lines: readonly string[], io: Io): void {
  for (const line of lines) io.err.write(`failed: ${plain(line)}\n`)
}
