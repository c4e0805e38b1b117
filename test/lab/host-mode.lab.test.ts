// Ports in host mode on a real swarm: no routing mesh and no IPVS, the load balancer reaches the tasks themselves and follows them.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { balancer, instanceId } from './cloud.ts'
import { getText } from './http.ts'
import { FIRST_MS, findListener, pageAnswers, type Stage, setStage, weightsAre } from './stage.ts'
import { found, type Look, notYet, until } from './wait.ts'
import { WEB_IMAGE } from './web-image.ts'

const CHANGE_MS = 40_000
const UPDATE_MS = 150_000
/** Between two lists of tasks. */
const TASKS_MS = 5000
const LISTENER = 8090
const FIXED = 8081
const ABRUPT = 8092
const ABRUPT_FIXED = 8082
const MANY = 8091

/** Serves for 8 s after SIGTERM: longer than it takes to see that the task is to end. */
const GRACEFUL = 'trap "sleep 8; exit 0" TERM; hostname > /www/index.html; httpd -f -p 80 -h /www & wait $!'

describe('ports in host mode on a swarm of three managers', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage({ SLB_EXPOSE: 'labelled', SLB_DRAIN: '2s', SLB_RESYNC_INTERVAL: '60s' })
  }, 600_000)
  afterAll(() => stage?.site.down())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`swarm-slb, last lines:\n${await stage.daemon.logTail(40)}\n`)
  })

  const names = () => stage.lab.nodes().map(({ name }) => name)
  const weights = (some: readonly string[]) => Object.fromEntries(some.map((name) => [name, 100]))
  const url = (port: number) => `http://${stage.cloud.address}:${port}/`
  const update = (name: string, ...args: readonly string[]) =>
    stage.site.docker(['service', 'update', '--detach', '--no-resolve-image', ...args, name])
  /** Every task that runs is new. */
  const updated = async (name: string): Promise<Look<boolean>> => {
    const state = await stage.site.docker(['service', 'inspect', '--format', '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}', name])
    return state === 'completed' ? found(true) : notYet(state)
  }
  /** `i-…:32768` behind a listener, those with a weight. */
  const behind = async (port: number): Promise<string[]> => {
    const group = (await findListener(stage, port))?.vServerGroupId
    const servers = (await balancer(stage.cloud)).groups.find(({ id }) => id === group)?.servers ?? []
    return servers.flatMap(({ serverId, port: on, weight }) => (weight > 0 ? [`${serverId}:${on}`] : [])).toSorted()
  }

  const create = (name: string, args: readonly string[], command: readonly string[] = []) =>
    stage.site.docker(['service', 'create', '--detach', '--no-resolve-image', '--name', name, ...args, WEB_IMAGE, ...command])

  test('a global service is reached on every node that runs it, in a group of its own', async () => {
    const publish = ['--mode', 'global', '--publish', `mode=host,target=80,published=${FIXED}`, '--stop-grace-period', '20s']
    await create('edge', [...publish, '--label', `slb.port.80=http://:${LISTENER}`], ['/bin/sh', '-c', GRACEFUL])
    await pageAnswers(stage, LISTENER, FIRST_MS)
    await weightsAre(stage, weights(names()), CHANGE_MS, LISTENER)
    expect(await behind(LISTENER)).toEqual(
      stage.lab
        .nodes()
        .map((node) => `${instanceId(node)}:${FIXED}`)
        .toSorted(),
    )
    const seen = new Set<string>()
    await until('every task answers', CHANGE_MS, async () => {
      const { body, status } = await getText(url(LISTENER))
      if (status === 200) seen.add(body)
      return seen.size === names().length ? found(true) : notYet([...seen].join(' '))
    })
    expect((await balancer(stage.cloud)).backendServers).toEqual([])
  })

  test('a node that may not run it any more leaves, and comes back with its task', async () => {
    const [away = ''] = names().toReversed()
    await update('edge', '--constraint-add', `node.hostname!=${away}`)
    await weightsAre(stage, weights(names().filter((name) => name !== away)), CHANGE_MS, LISTENER)
    await update('edge', '--constraint-rm', `node.hostname!=${away}`)
    await weightsAre(stage, weights(names()), UPDATE_MS, LISTENER)
  })

  test('an update drops no request where a task serves until its end is seen', async () => {
    const load = await underLoad(url(LISTENER), async () => {
      await update('edge', '--force', '--update-parallelism', '1', '--update-delay', '6s')
      await sleep(1000)
      await until('the update is over', UPDATE_MS, () => updated('edge'))
      await weightsAre(stage, weights(names()), CHANGE_MS, LISTENER)
    })
    report('update of tasks that serve 8 s after SIGTERM', load)
    expect(load.failed).toBe(0)
  })

  test('an update of tasks that end at once is made good with the next list of tasks', async () => {
    const publish = ['--mode', 'global', '--publish', `mode=host,target=80,published=${ABRUPT_FIXED}`, '--update-delay', '6s']
    await create('abrupt', [...publish, '--label', `slb.port.80=http://:${ABRUPT}`])
    await pageAnswers(stage, ABRUPT, CHANGE_MS)
    await weightsAre(stage, weights(names()), CHANGE_MS, ABRUPT)
    const load = await underLoad(url(ABRUPT), async () => {
      await update('abrupt', '--force')
      await sleep(1000)
      await until('the update is over', UPDATE_MS, () => updated('abrupt'))
      await weightsAre(stage, weights(names()), CHANGE_MS, ABRUPT)
    })
    report('update of tasks that end at once', load)
    // One backend of three at a time, until it is seen or serves again.
    expect(load.longestMs).toBeLessThan(TASKS_MS + 5000)
  })

  test('automatic numbers and replicas: as many backends as tasks, each with its own port', async () => {
    await create('many', ['--replicas', '2', '--publish', 'mode=host,target=80', '--label', `slb.port.80=http://:${MANY}`])
    const count = (wanted: number) =>
      until(`${wanted} backends`, CHANGE_MS, async () => {
        const list = await behind(MANY)
        return list.length === wanted ? found(list) : notYet(list.join(' '))
      })
    const two = await count(2)
    expect(two.every((one) => Number(one.split(':')[1]) >= 32768)).toBe(true)
    await pageAnswers(stage, MANY, CHANGE_MS)
    await stage.site.docker(['service', 'scale', '--detach', 'many=6'])
    await count(6)
    await stage.site.docker(['service', 'scale', '--detach', 'many=0'])
    await sleep(2 * TASKS_MS)
    expect((await behind(MANY)).length).toBeGreaterThan(0)
    await stage.site.docker(['service', 'scale', '--detach', 'many=3'])
    await count(3)
    await pageAnswers(stage, MANY, CHANGE_MS)
  })
})

type Load = { readonly requests: number; readonly failed: number; readonly longestMs: number; readonly errors: readonly string[] }

/** New visitors, one after another, while something goes on. */
async function underLoad(url: string, work: () => Promise<void>): Promise<Load> {
  let requests = 0
  let lastGood = Date.now()
  let longestMs = 0
  const errors: string[] = []
  const ended = new AbortController()
  const visit = async () => {
    while (!ended.signal.aborted) {
      requests += 1
      const answer = await getText(url).catch((error: unknown) => ({ status: String(error) }))
      if (answer.status === 200) {
        longestMs = Math.max(longestMs, Date.now() - lastGood)
        lastGood = Date.now()
      } else errors.push(String(answer.status))
      await sleep(20)
    }
  }
  const visitor = visit()
  try {
    await work()
  } finally {
    ended.abort()
    await visitor
  }
  return { requests, failed: errors.length, longestMs, errors }
}

function report(what: string, { requests, failed, longestMs, errors }: Load): void {
  const kinds = [...new Set(errors)].join(', ')
  process.stdout.write(`${what}: ${requests} requests, ${failed} failed, ${longestMs} ms without an answer at most ${kinds}\n`)
}
