// `healthcheck`: asks the daemon on this machine whether its task is of use. For HEALTHCHECK in images without curl.
import { readSome } from '../config.ts'
import { ask } from '../http/client.ts'
import { plain } from '../terminal.ts'
import { httpPlace } from './daemon.ts'
import { CommandError, type Flags, type Io } from './io.ts'

const TIMEOUT_MS = 3000

export async function healthcheck(flags: Flags, io: Io): Promise<number> {
  const { httpAddr } = readSome({ env: io.env, flags }, ['httpAddr'])
  const [where] = httpPlace(httpAddr)
  if (where === undefined) throw new CommandError('SLB_HTTP_ADDR is off: there is nothing to ask')
  const { status, text } = await ask(where, { path: '/taskz', timeoutMs: TIMEOUT_MS }, io.signal)
  io.out.write(`${plain(text.trim().slice(0, 200))}\n`)
  return status === 200 ? 0 : 1
}
