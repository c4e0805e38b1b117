// `cleanup`: removes what carries the mark of this swarm and nothing else; without --yes it only says what that is.
import { readSome } from '../config.ts'
import { plain } from '../terminal.ts'
import { findDaemon, httpPlace, socketPlaces } from './daemon.ts'
import { type Flags, type Io, setUp } from './io.ts'

export async function cleanup(flags: Flags, { yes }: { readonly yes: boolean }, io: Io): Promise<number> {
  const { config, log } = await setUp(io, flags)
  await warnOfDaemon(flags, io)
  const app = await io.app()
  const progress = showProgress(io)
  const { removed, failed } = await app.cleanUp(config, log, { dryRun: !yes, onProgress: progress.show }, io.signal).finally(progress.end)
  for (const line of removed) io.out.write(`${yes ? 'done' : 'to do'}: ${plain(line)}\n`)
  for (const line of failed) io.err.write(`failed: ${plain(line)}\n`)
  if (removed.length + failed.length === 0) io.out.write('Nothing here carries the mark of this swarm.\n')
  else if (!yes) io.out.write('Nothing was done yet. To do all of it: swarm-slb cleanup --yes\n')
  return failed.length === 0 ? 0 : 1
}

/** A running daemon creates again what its services ask for. */
async function warnOfDaemon(flags: Flags, io: Io): Promise<void> {
  const { socket, httpAddr } = readSome({ env: io.env, flags }, ['socket', 'httpAddr'])
  const found = await findDaemon([...socketPlaces(socket), ...httpPlace(httpAddr)], io.signal)
  if ('page' in found)
    io.err.write('warning: a daemon runs here and will create again what services ask for; stop it on every manager first\n')
}

/** One line that is written over on a terminal; nothing elsewhere. */
function showProgress({ err }: Io): { readonly show: (line: string) => void; readonly end: () => void } {
  if (!err.isTerminal) return { show: () => {}, end: () => {} }
  const clear = '\r\u001b[2K'
  return { show: (line) => err.write(clear + plain(line).slice(0, err.width - 1)), end: () => err.write(clear) }
}
