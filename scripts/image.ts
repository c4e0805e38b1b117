// Builds the project's Dockerfile without needing a registry or the machine's own Docker Engine, and answers with an image archive.
// An archive is kept under .cache, named by what went into it: unchanged sources cost nothing.
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine } from '../test/lab/engine.ts'
import { claimGround } from '../test/lab/ground.ts'
import { attempt, run } from '../test/lab/process.ts'
import { BASE_IMAGE, provideBaseImage } from './base-image.ts'

export const IMAGE = 'swarm-slb:lab'

const ROOT = join(import.meta.dirname, '..')
const CACHE = join(ROOT, '.cache')
const INPUTS = ['Dockerfile', '.dockerignore', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'src']
const KEPT_ARCHIVES = 3
const BUILD_MS = 15 * 60_000

export type Image = { readonly tag: string; readonly archive: string }

/** From a cold start about a minute, from a warm cache a few seconds. Needs root. One build at a time: others wait. */
export async function provideImage(progress: (line: string) => void): Promise<Image> {
  const archive = join(CACHE, `image-${fingerprint()}.tar`)
  if (existsSync(archive)) return { tag: IMAGE, archive }
  mkdirSync(CACHE, { recursive: true })
  const child = await attempt(['flock', join(CACHE, 'build.lock'), process.execPath, import.meta.filename, archive], {
    timeoutMs: BUILD_MS,
    onLine: progress,
  })
  if (child.code !== 0) throw new Error(`the image could not be built:\n${(child.stdout + child.stderr).trim()}`)
  return { tag: IMAGE, archive }
}

function fingerprint(): string {
  const hash = createHash('sha256')
  const add = (path: string): void => {
    const full = join(ROOT, path)
    if (statSync(full).isDirectory()) for (const entry of readdirSync(full).sort()) add(join(path, entry))
    else hash.update(`${path}\0`).update(readFileSync(full)).update('\0')
  }
  for (const input of INPUTS) add(input)
  return hash.digest('hex').slice(0, 16)
}

/** The context is a copy, so that what npm needs to reach its registry can be put beside it. */
async function layOutContext(folder: string): Promise<void> {
  for (const input of INPUTS) cpSync(join(ROOT, input), join(folder, input), { recursive: true })
  const own = [join(homedir(), '.npmrc'), join(ROOT, '.npmrc')].filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'))
  const registry = await run(['npm', 'config', 'get', 'registry'], { cwd: ROOT })
  const configured = await run(['npm', 'config', 'get', 'cafile'], { cwd: ROOT })
  const authority = [configured, process.env['NODE_EXTRA_CA_CERTS'] ?? ''].find((path) => path !== '' && existsSync(path))
  if (authority !== undefined) copyFileSync(authority, join(folder, 'npm-ca.pem'))
  const lines = [...own, `registry=${registry}`, ...(authority === undefined ? [] : ['cafile=npm-ca.pem'])]
  writeFileSync(join(folder, '.npmrc'), `${lines.join('\n')}\n`, { mode: 0o600 })
}

/** The engine of the build is on this machine's network but touches none of it; its layers stay under .cache. */
async function build(archive: string, progress: (line: string) => void): Promise<void> {
  if (existsSync(archive)) return
  const ground = await claimGround(progress)
  const context = mkdtempSync(join(tmpdir(), 'swarm-slb-build-'))
  const engine = createEngine(ground, undefined, 'build', {
    data: join(CACHE, 'engine'),
    names: true,
    args: ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
  })
  const interrupted = (): void => {
    engine
      .kill()
      .then(() => ground.clear())
      .then(
        () => process.exit(130),
        () => process.exit(130),
      )
  }
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupted)
  try {
    await engine.start()
    await provideBaseImage(engine, progress)
    await layOutContext(context)
    progress('building the Dockerfile')
    const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) =>
      process.env[name] === undefined ? [] : ['--build-arg', name],
    )
    const args = [
      'build',
      '--network=host',
      '--tag',
      IMAGE,
      '--build-arg',
      `NODE_IMAGE=${BASE_IMAGE}`,
      '--build-arg',
      `VERSION=${version()}`,
      ...proxies,
    ]
    await engine.docker([...args, context], { timeoutMs: BUILD_MS, env: { ...process.env, DOCKER_BUILDKIT: '0' } })
    await engine.docker(['save', '--output', `${archive}.new`, IMAGE], { timeoutMs: 300_000 })
    await engine.tryDocker(['image', 'prune', '--force', '--filter', 'until=168h'])
    forgetOldArchives()
    renameSync(`${archive}.new`, archive)
  } finally {
    await engine.stop()
    rmSync(context, { recursive: true, force: true })
    await ground.clear()
  }
}

/** Another run may be loading one of the latest. */
function forgetOldArchives(): void {
  const archives = readdirSync(CACHE).filter((name) => /^image-[0-9a-f]+\.tar$/.test(name))
  const byAge = archives.map((name) => join(CACHE, name)).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  for (const old of byAge.slice(KEPT_ARCHIVES)) rmSync(old)
}

const version = (): string => (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string }).version

if (import.meta.main) await build(process.argv[2] ?? join(CACHE, `image-${fingerprint()}.tar`), (line) => process.stdout.write(`${line}\n`))
