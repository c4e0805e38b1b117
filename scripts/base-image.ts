// The Dockerfile's base image where it cannot be pulled: busybox, npm, a Node 24 and the libraries it needs, copied from this machine.
// It carries the base image's name, so the Dockerfile builds unchanged; it lives in the build engine only.
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Engine } from '../test/lab/engine.ts'
import { importImage } from '../test/lab/import-image.ts'
import { attempt, run } from '../test/lab/process.ts'

export const BASE_IMAGE = 'node:24-bookworm-slim'

/** A registry that does not answer in this time does not count as reachable. */
const PULL_MS = 90_000
const RESOLVER_LIBRARIES = ['libresolv.so.2', 'libnss_dns.so.2', 'libnss_files.so.2']

/** Present, pulled, or built from this machine's parts. */
export async function provideBaseImage(engine: Engine, progress: (line: string) => void): Promise<void> {
  if ((await engine.tryDocker(['image', 'inspect', BASE_IMAGE])).code === 0) return
  progress(`pulling ${BASE_IMAGE}`)
  const pulled = await engine.tryDocker(['pull', '--quiet', BASE_IMAGE], { timeoutMs: PULL_MS })
  if (pulled.code === 0) return
  progress(
    `${BASE_IMAGE} cannot be pulled here (${pulled.stderr.trim().split('\n').at(-1)?.slice(0, 120) ?? 'no answer'}): building a stand-in`,
  )
  await importStandIn(engine)
}

const importStandIn = (engine: Engine): Promise<void> =>
  importImage(
    (args) => engine.docker(args, { timeoutMs: 300_000 }),
    BASE_IMAGE,
    ['ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'CMD ["node"]'],
    layOut,
  )

async function layOut(root: string): Promise<void> {
  for (const sub of [
    'bin',
    'sbin',
    'usr/bin',
    'usr/sbin',
    'usr/local/bin',
    'usr/local/lib/node_modules',
    'etc',
    'proc',
    'sys',
    'dev',
    'run',
  ])
    mkdirSync(join(root, sub), { recursive: true })
  for (const sub of ['tmp', 'root', 'var/tmp']) mkdirSync(join(root, sub), { recursive: true, mode: sub === 'root' ? 0o700 : 0o1777 })
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
  await run(['chroot', root, '/bin/busybox', '--install', '-s'])
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n')
  const node = nodeBinary()
  copyFileSync(node, join(root, 'usr/local/bin/node'))
  for (const library of await libraries(node)) copyInto(root, library)
  await copyNpm(root)
}

/** To the same path there. */
export function copyInto(root: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  copyFileSync(path, join(root, path))
}

/** The binary of the optional dependency, or the one that runs this, where that is new enough for the product. */
function nodeBinary(): string {
  try {
    return createRequire(import.meta.url).resolve(`node-linux-${process.arch}/bin/node`)
  } catch {
    return process.execPath
  }
}

/** What the loader would open, by the paths it looks at; and what glibc opens itself to look a name up. */
export async function libraries(binary: string): Promise<string[]> {
  const listed = (await run(['ldd', binary])).split('\n').flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? [])
  const besideLibc = listed.filter((path) => basename(path) === 'libc.so.6').map(dirname)
  const resolver = besideLibc.flatMap((folder) => RESOLVER_LIBRARIES.map((name) => join(folder, name)))
  return [...listed, ...resolver.filter((path) => existsSync(path))]
}

/** A distribution's npm may have its parts elsewhere; then one in a single folder comes from the npm registry. */
async function copyNpm(root: string): Promise<void> {
  const target = join(root, 'usr/local/lib/node_modules/npm')
  const own = dirname(dirname(realpathSync((await run(['sh', '-c', 'command -v npm'])).trim())))
  if (existsSync(join(own, 'node_modules', 'semver'))) cpSync(own, target, { recursive: true, dereference: true })
  else {
    const folder = mkdtempSync(join(tmpdir(), 'swarm-slb-npm-'))
    await run(['npm', 'install', '--prefix', folder, '--ignore-scripts', 'npm@11'], { timeoutMs: 300_000 })
    cpSync(join(folder, 'node_modules/npm'), target, { recursive: true })
    rmSync(folder, { recursive: true, force: true })
  }
  for (const command of ['npm', 'npx']) symlinkSync(`../lib/node_modules/npm/bin/${command}-cli.js`, join(root, 'usr/local/bin', command))
  if ((await attempt(['chroot', root, '/usr/local/bin/npm', '--version'])).code !== 0)
    throw new Error('the stand-in base image has no working npm')
}
