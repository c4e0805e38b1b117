// `healthcheck`: asks the daemon on this machine whether its task is of use. For HEALTHCHECK in images without curl. By its socket where there
// is one: whoever reaches the HTTP address may take all the connections that it has.
import { readSome } from '../config.ts'
import { plain } from '../terminal.ts'
import { askTask, httpPlace, socketPlaces } from './daemon.ts'
import { CommandError, type Flags, type Io } from './io.ts'

const TIMEOUT_MS = 3000

export async function healthcheck(flags: Flags, io: Io): Promise<number> {
  const { socket, httpAddr } = readSome({ env: io.env, flags }, ['socket', 'httpAddr'])
  const places = [...socketPlaces(socket), ...httpPlace(httpAddr)]
  if (places.length === 0) throw new CommandError('SLB_SOCKET and SLB_HTTP_ADDR are off: there is nothing to ask')
  const answer = await askTask(places, TIMEOUT_MS, io.signal)
  if ('reason' in answer) throw new CommandError(`no daemon answers (${answer.reason})`)
  io.out.write(`${plain(answer.text.trim().slice(0, 200))}\n`)
  return answer.status === 200 ? 0 : 1
}
