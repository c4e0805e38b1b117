// `run`: the daemon. Ends when the signal does, and never deletes anything because it ends.
import { type Flags, type Io, setUp } from './io.ts'

export async function run(flags: Flags, io: Io): Promise<number> {
  const { config, log } = await setUp(io, flags)
  const { runDaemon } = await io.app()
  try {
    await runDaemon(config, log, io.signal)
    return 0
  } catch (err) {
    if (io.signal.aborted) return 0
    log.fatal({ err }, 'swarm-slb ends: unexpected error')
    return 1
  }
}
