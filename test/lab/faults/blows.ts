// The blows themselves. Each ends when nothing is broken by us any more; what the swarm makes of it then is its own affair.
import { setTimeout as sleep } from 'node:timers/promises'
import { DAEMON } from '../daemon.ts'
import type { Lab, LabNode } from '../lab.ts'
import type { Stage } from '../stage.ts'
import { found, notYet, until } from '../wait.ts'
import { whole } from './scene.ts'

const FILTER = ['--filter', `label=com.docker.swarm.service.name=${DAEMON}`]

/** Until Swarm has put another one in its place. */
export async function killDaemon({ engine }: LabNode): Promise<void> {
  const [id = ''] = (await engine.docker(['ps', '--quiet', ...FILTER])).split('\n')
  await engine.docker(['kill', '--signal', 'KILL', id])
  await until('another daemon in its place', 60_000, async () => {
    const now = await engine.docker(['ps', '--quiet', ...FILTER])
    return now !== '' && !now.includes(id) ? found(true) : notYet(now)
  })
}

/** Every daemon is replaced, one after the other. */
export async function updateDaemons({ site }: Stage): Promise<void> {
  await site.docker(['service', 'update', '--detach', '--no-resolve-image', '--force', DAEMON])
  await sleep(1000)
  await until('the update is over', 150_000, async () => {
    const state = await site.docker(['service', 'inspect', '--format', '{{.UpdateStatus.State}}', DAEMON])
    return state === 'completed' ? found(true) : notYet(state)
  })
}

/** A power cut: engine and containers end at once. */
export async function killEngine(lab: Lab, node: LabNode, downMs: number): Promise<void> {
  await lab.kill(node)
  await sleep(downMs)
  await node.engine.start()
}

/** The engines stand still; containers, the daemon among them, run on. Answers with the time of their thaw. */
export async function freeze(lab: Lab, nodes: readonly LabNode[], forMs: number): Promise<number> {
  for (const node of nodes) lab.freeze(node)
  try {
    await sleep(forMs)
    return Date.now()
  } finally {
    for (const node of nodes) lab.thaw(node)
  }
}

/** Cut off from the other managers, but not from the cloud: the hardest place for a leader that believes in itself. */
export async function cutOff(lab: Lab, node: LabNode, forMs: number): Promise<void> {
  const peers = lab.nodes().filter((other) => other !== node)
  const rules = peers.flatMap(({ address }) => [`INPUT -s ${address} -j DROP`, `OUTPUT -d ${address} -j DROP`])
  const apply = async (how: '-I' | '-D') => {
    for (const rule of rules) {
      const { code, stderr } = await lab.exec(node, ['iptables', '--wait', '5', how, ...rule.split(' ')])
      if (code !== 0) throw new Error(stderr)
    }
  }
  await apply('-I')
  try {
    await sleep(forMs)
  } finally {
    await apply('-D')
  }
}

/** The containers of a node reach everything but the cloud's APIs, until this is over. */
export async function cutFromCloud({ lab, cloud }: Stage, node: LabNode, over: () => Promise<unknown>): Promise<void> {
  const apply = async (how: '-I' | '-D') => {
    for (const { hostname, port } of [cloud.apiUrl, cloud.metadataUrl].map((url) => new URL(url))) {
      const rule = ['FORWARD', '-d', hostname, '-p', 'tcp', '--dport', port, '-j', 'REJECT', '--reject-with', 'icmp-net-unreachable']
      const { code, stderr } = await lab.exec(node, ['iptables', '--wait', '5', how, ...rule])
      if (code !== 0) throw new Error(stderr)
    }
  }
  await apply('-I')
  try {
    await over()
  } finally {
    await apply('-D')
  }
}

/** The cable, both ways. */
export async function unplug(lab: Lab, node: LabNode, forMs: number): Promise<void> {
  await lab.cutNetwork(node)
  try {
    await sleep(forMs)
  } finally {
    await lab.healNetwork(node)
  }
}

/**
 * Demoted and promoted. Without the constraint to managers its daemon lives on as a worker's, with an event stream that goes silent and
 * then tells the swarm's history anew.
 */
export async function demoteAndPromote({ lab, site }: Stage, node: LabNode, forMs: number): Promise<void> {
  const other = lab.nodes().find((each) => each !== node) ?? node
  await site.docker(['service', 'update', '--detach', '--no-resolve-image', '--constraint-rm', 'node.role==manager', DAEMON])
  await lab.docker(other, ['node', 'demote', node.name])
  await sleep(forMs)
  await lab.docker(other, ['node', 'promote', node.name])
}

/** In good order, each when the swarm is whole again. */
export async function restartAll(stage: Stage): Promise<void> {
  for (const node of stage.lab.nodes()) {
    await stage.lab.restart(node)
    await until(`the swarm is whole after ${node.name}`, 90_000, () => whole(stage))
  }
}
