// How the image is shipped, looked at from inside: a read-only root, no capability, no new privileges, no root, no engine's socket.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { provideImage } from '../../scripts/image.ts'
import { balancer, type Cloud, startCloud } from './cloud.ts'
import { DAEMON_STACK, type Daemon, type DaemonOptions, deployDaemon, updateDaemon } from './daemon.ts'
import type { Lab } from './lab.ts'
import { buildProxyImage, PROXY_IMAGE } from './proxy-image.ts'
import { labSite, type Site } from './site.ts'
import { FIRST_MS } from './stage.ts'
import { found, notYet, until } from './wait.ts'
import { WEB_IMAGE } from './web-image.ts'

/** `docker stack deploy` ignores security_opt: the engine has to say it. */
const ENGINE = ['--no-new-privileges']
const NOBODY = 65534

describe('on an engine that gives no new privileges', () => {
  let site: Site & { readonly lab: Lab }
  let cloud: Cloud
  let daemon: Daemon
  let image: string
  /** Group of the engine's socket. */
  let group: string

  beforeAll(async () => {
    const built = await provideImage(() => {})
    image = built.tag
    site = await labSite({ managers: 1, alone: true, engineArgs: ENGINE })
    await site.loadImage(built.archive)
    await buildProxyImage(site.docker)
    cloud = await startCloud(site)
    const [node] = site.lab.nodes()
    // Where the machine has no group for it, the socket is root's: then it is given one here.
    await node?.engine.within(['sh', '-c', 'getent group docker || chgrp 987 /run/docker.sock'])
    group = (await node?.engine.within(['stat', '--format', '%g', '/run/docker.sock']))?.stdout.trim() ?? ''
  }, 600_000)
  afterAll(() => site?.down())
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return
    const tasks = await site.docker(['stack', 'ps', '--no-trunc', '--format', '{{.Name}} {{.CurrentState}} {{.Error}}', DAEMON_STACK])
    process.stderr.write(`${tasks}\nswarm-slb, last lines:\n${await daemon?.logTail(40)}\n`)
  })

  /** The daemon does its work: a service that was just made is reached through the load balancer. */
  async function works(port: number): Promise<void> {
    const publish = ['--publish', `${port}:80`, '--replicas', '0', '--name', `web-${port}`]
    await site.docker(['service', 'create', '--detach', '--no-resolve-image', ...publish, WEB_IMAGE])
    await until(`listener ${port} runs`, FIRST_MS, async () => {
      const listener = (await balancer(cloud)).listeners.find((one) => one.port === port)
      return listener?.status === 'running' ? found(true) : notYet(`${listener?.status}`)
    })
    expect(await daemon.command(['status'])).toMatch(new RegExp(`web-${port} +80/tcp .* exposed`))
  }

  /** What the kernel says of the daemon's process. */
  async function isHardened(user: number, gid: number): Promise<void> {
    const status = await daemon.shell('cat /proc/1/status')
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/)
    expect(field('NoNewPrivs')).toEqual(['1'])
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect([set, field(set)]).toEqual([set, ['0000000000000000']])
    expect([field('Uid'), field('Gid'), field('Groups')]).toEqual([
      [user, user, user, user].map(String),
      [gid, gid, gid, gid].map(String),
      expect.arrayContaining([expect.stringMatching(/^\d*$/)]),
    ])
  }

  async function writesNothing(): Promise<void> {
    for (const path of ['/x', '/app/dist/main.js', '/tmp/x', '/run/secrets/x', '/var/run/docker.sock.new'])
      expect(await daemon.shell(`true >> ${path}`), path).toMatch(/Read-only file system|Permission denied/)
    const flags = (await daemon.shell('cat /proc/1/mounts')).split('\n').map((line) => line.split(' '))
    const flagsOf = (target: string) => flags.find(([, at]) => at === target)?.[3]?.split(',')
    expect(flagsOf('/')).toContain('ro')
    expect(flagsOf('/run/swarm-slb')).toContain('rw')
    expect(await daemon.shell('true >> /run/swarm-slb/x && rm /run/swarm-slb/x && echo done')).toBe('done')
  }

  const update = (options: DaemonOptions) => updateDaemon(site, cloud, image, options)

  test('the stack file gives the daemon root without any right, and it works', async () => {
    daemon = await deployDaemon(site, cloud, image)
    await works(9001)
    await isHardened(0, 0)
    await writesNothing()
  })

  test('with the group of the socket it is not root, and works', async () => {
    await update({ user: `${NOBODY}:${group}` })
    await until('the new task runs', FIRST_MS, async () => {
      const uid = await daemon.shell('id -u')
      return uid === String(NOBODY) ? found(true) : notYet(uid)
    })
    await works(9002)
    await isHardened(NOBODY, Number(group))
    await writesNothing()
  })

  test('with the proxy it is nobody, has no engine and asks it for nothing but what it reads', async () => {
    await update({ files: ['proxy/stack.yml'], variables: { HAPROXY_IMAGE: PROXY_IMAGE } })
    await until('the new task runs', FIRST_MS, async () => {
      const id = await daemon.shell('id')
      return id.includes(`uid=${NOBODY}`) && id.includes(`gid=${NOBODY}`) ? found(true) : notYet(id)
    })
    await works(9003)
    await isHardened(NOBODY, NOBODY)
    await writesNothing()
    const ask = (method: string, path: string) => {
      const script = `require('node:http').request({ socketPath: '/var/run/docker.sock/docker.sock', method: '${method}', path: '${path}', agent: false }, (a) => { console.log(a.statusCode); a.resume() }).end()`
      return daemon.shell(`node --eval "${script}"`)
    }
    expect(await ask('GET', '/services')).toBe('200')
    for (const path of ['/containers/json', '/secrets', '/configs', '/images/json'])
      expect([path, await ask('GET', path)]).toEqual([path, '403'])
    expect(await ask('POST', '/services/create')).toBe('403')
  })
})
