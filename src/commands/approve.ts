// `approve`: shows which deletes are held, and releases exactly those that were shown. Only the leader's daemon can, and only it is asked.
import type { StatusPage } from '../board.ts'
import { readSome } from '../config.ts'
import { plain } from '../terminal.ts'
import { findDaemon, sendApproval, socketPlaces } from './daemon.ts'
import { CommandError, type Flags, type Io } from './io.ts'

export type ApproveOptions = {
  /** Of what was shown before; without it, what is held now. */
  readonly hash: string | undefined
  readonly yes: boolean
}

export async function approve(flags: Flags, { hash, yes }: ApproveOptions, io: Io): Promise<number> {
  const { socket } = readSome({ env: io.env, flags }, ['socket'])
  if (socket === 'off') throw new CommandError('SLB_SOCKET is off: the daemon takes no approvals')
  const found = await findDaemon(socketPlaces(socket), io.signal)
  if ('reason' in found) throw new CommandError(`no daemon answers (${found.reason}); run it as the daemon's user, or set SLB_SOCKET`)
  const { held } = leaderOnly(found.page)
  if (held.deletes.length === 0) {
    io.out.write('Nothing is held.\n')
    return 0
  }
  if (hash !== undefined && hash !== held.hash) throw new CommandError('the held deletes have changed since they were shown: look again')
  io.out.write(heldText(held))
  if (!yes) {
    io.out.write(`Nothing was released. To release exactly these: swarm-slb approve ${held.hash} --yes\n`)
    return 0
  }
  const { approved, error } = await sendApproval(found.where, held.hash, io.signal)
  if (error !== '') throw new CommandError(plain(error))
  io.out.write(`Released: ${approved.length} of ${held.deletes.length}.\n`)
  return 0
}

function leaderOnly(page: StatusPage): StatusPage {
  const { role, leader, reason } = page
  if (role === 'leader') return page
  if (role === 'unready') throw new CommandError(plain(`this node is not ready: ${reason}`))
  throw new CommandError(plain(`this node is a standby: run it on ${leader === '' ? 'the leader, which is not known now' : leader}`))
}

function heldText({ deletes, reason, hash }: StatusPage['held']): string {
  const lines = deletes.map(
    (one) => `  delete ${one.listener} on ${one.loadBalancer}, of service ${one.service}, wanted since ${one.since}`,
  )
  return [plain(`Held${reason === '' ? '' : ` (${reason})`}, ${hash}:`), ...lines.map((line) => plain(line)), ''].join('\n')
}
