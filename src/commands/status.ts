// `status`: what is exposed where, and why something is not. From the daemon on this machine if one runs, else from a fresh reading.
import type { StatusPage } from '../board.ts'
import { readSome } from '../config.ts'
import { prettyJson } from '../terminal.ts'
import { findDaemon, httpPlace, socketPlaces } from './daemon.ts'
import { type Flags, type Io, setUp } from './io.ts'
import { statusText } from './status-text.ts'

export type StatusOptions = { readonly json: boolean }

export async function status(flags: Flags, { json }: StatusOptions, io: Io): Promise<number> {
  const page = await pageOf(flags, io)
  io.out.write(json ? prettyJson(page) : statusText(page, io.out.width, Date.now()))
  return 0
}

async function pageOf(flags: Flags, io: Io): Promise<StatusPage> {
  const { socket, httpAddr } = readSome({ env: io.env, flags }, ['socket', 'httpAddr'])
  const found = await findDaemon([...socketPlaces(socket), ...httpPlace(httpAddr)], io.signal)
  if ('page' in found) return found.page
  io.err.write(`no daemon answers on this machine (${found.reason}): reading swarm and cloud\n`)
  const { config, log } = await setUp(io, flags)
  return (await io.app()).readStatus(config, log, io.signal)
}
