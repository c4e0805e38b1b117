// The blows themselves. Each ends when nothing is broken by us any more; what the swarm makes of it then is its own affair.
import { DAEMON } from '../daemon.ts'
import type { LabNode } from '../lab.ts'
import type { Stage } from '../stage.ts'
import { found, notYet, until } from '../wait.ts'

const FILTER = ['--filter', `label=com.docker.swarm.service.name=${DAEMON}`]

/** Until Swarm has put another one in its place. */
export async function killDaemon(_stage: Stage, { engine }: LabNode): Promise<void> {
  const [id = ''] = (await engine.docker(['ps', '--quiet', ...FILTER])).split('\n')
  await engine.docker(['kill', '--signal', 'KILL', id])
  await until('another daemon in its place', 60_000, async () => {
    const now = await engine.docker(['ps', '--quiet', ...FILTER])
    return now !== '' && !now.includes(id) ? found(true) : notYet(now)
  })
}
