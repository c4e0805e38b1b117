// The lab itself: what the tests of the daemon stand on.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimGround } from './ground.ts'
import { type Lab, startLab } from './lab.ts'
import { ended, run, startTime } from './process.ts'
import { found, notYet, until } from './wait.ts'
import { buildWebImage, WEB_IMAGE } from './web-image.ts'

const create = ['service', 'create', '--detach', '--no-resolve-image']

/** Task names that a node's published port answered with, one request each. */
async function hits(lab: Lab, address: string, port: number, times: number): Promise<readonly string[]> {
  const answers: string[] = []
  for (let n = 0; n < times; n += 1) {
    const { code, stdout } = await lab.exec('hub', ['curl', '--silent', '--max-time', '2', `http://${address}:${port}/`])
    if (code === 0) answers.push(stdout.trim())
  }
  return answers
}

const portOf = async (lab: Lab, service: string, target: number): Promise<number> => {
  const ports = await lab.docker('manager', ['service', 'inspect', service, '--format', '{{json .Endpoint.Ports}}'])
  const all = JSON.parse(ports) as readonly { readonly TargetPort: number; readonly PublishedPort: number }[]
  return all.find(({ TargetPort }) => TargetPort === target)?.PublishedPort ?? 0
}

/** Every node's published port reaches this many different tasks, and no more: once the overlay network has told all nodes who is where. */
const reaches = (lab: Lab, port: number, tasks: number) =>
  until(`port ${port} reaches ${tasks} tasks from every node`, 60_000, async () => {
    for (const { name, address } of lab.nodes()) {
      const answers = await hits(lab, address, port, tasks * 2)
      if (answers.length !== tasks * 2 || new Set(answers).size !== tasks) return notYet(`${name}: ${answers.join(' ')}`)
    }
    return found(true)
  })

describe('a lab of three managers', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab({ managers: 3, alone: true })
    await Promise.all(lab.nodes().map((node) => buildWebImage((args) => lab.docker(node, args))))
    await lab.docker('manager', [...create, '--name', 'web', '--publish', '80', '--replicas', '3', WEB_IMAGE])
  })
  afterAll(() => lab?.down())

  test('sends a published port of any node to tasks on all nodes, and follows scaling', async () => {
    const port = await portOf(lab, 'web', 80)
    await reaches(lab, port, 3)
    await lab.docker('manager', ['service', 'scale', '--detach', 'web=2'])
    await reaches(lab, port, 2)
  })

  test('follows a port that is added to a service', async () => {
    await lab.docker('manager', ['service', 'update', '--detach', '--publish-add', '8000:80', 'web'])
    await reaches(lab, 8000, 2)
  })

  test('has a new leader when the old one is frozen, and all nodes again after thawing it', async () => {
    const old = await lab.leader()
    lab.freeze(old)
    try {
      await until('another leader', 40_000, async () => {
        const leader = await lab.leader()
        return leader === old ? notYet(leader.name) : found(leader)
      })
    } finally {
      lab.thaw(old)
    }
    await until('three ready nodes', 60_000, () => readyNodes(lab, 3))
  })

  test('brings a node back after a power cut and after a cut cable', async () => {
    const node = lab.node('node-3')
    await lab.kill(node)
    expect(node.engine.pid()).toBeUndefined()
    await lab.restart(node)
    await until('three ready nodes', 60_000, () => readyNodes(lab, 3))
    await lab.cutNetwork(node)
    expect((await lab.exec('hub', ['busybox', 'ping', '-c', '1', '-W', '1', node.address])).code).not.toBe(0)
    await lab.healNetwork(node)
    expect((await lab.exec('hub', ['busybox', 'ping', '-c', '1', '-W', '5', node.address])).code).toBe(0)
  })

  test('lets a node leave and join again, and takes a new one in', async () => {
    const node = lab.node('node-3')
    await until('three ready nodes', 60_000, () => readyNodes(lab, 3))
    await lab.leave(node)
    await until('two ready nodes', 30_000, () => readyNodes(lab, 2))
    await lab.join(node, 'worker')
    await lab.add('worker')
    await until('four ready nodes', 30_000, () => readyNodes(lab, 4))
    await reaches(lab, 8000, 2)
  })

  test('is cleaned up by the next run when its own was killed, without touching a lab that lives', async () => {
    const killed = spawn(process.execPath, [`${import.meta.dirname}/killed-run.ts`], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [folder, pid] = await new Promise<string[]>((resolve) =>
      killed.stdout.once('data', (text) => resolve(String(text).trim().split(' '))),
    )
    expect(startTime(Number(pid))).toBeDefined()
    killed.kill('SIGKILL')
    await ended(killed)
    const ground = await claimGround(() => {})
    expect(existsSync(`${folder}/node-1`)).toBe(false)
    expect(startTime(Number(pid))).toBeUndefined()
    await ground.clear()
    expect(lab.nodes()[0]?.engine.pid()).toBeDefined()
    expect(await run(['ip', '-4', 'address'])).toContain(`10.77.${lab.number}.254`)
  })
})

async function readyNodes(lab: Lab, count: number) {
  const rows = (await lab.docker('manager', ['node', 'ls', '--format', '{{.Status}}'])).split('\n')
  return rows.length === count && rows.every((row) => row === 'Ready') ? found(true) : notYet(rows.join(' '))
}
