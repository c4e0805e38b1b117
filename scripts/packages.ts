// System packages that the lab and the image build need. On Debian and Ubuntu as root they are installed; elsewhere they are named.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { attempt } from '../test/lab/process.ts'

/** Command that is looked for, and the Debian package it comes with. */
type Need = readonly [command: string, debianPackage: string]
const NEEDED: readonly Need[] = [
  ['dockerd', 'docker.io'],
  ['docker', 'docker-cli'],
  ['iptables', 'iptables'],
  ['ip', 'iproute2'],
  ['busybox', 'busybox-static'],
  ['curl', 'curl'],
  ['nsenter', 'util-linux'],
  ['mount', 'mount'],
  ['hostname', 'hostname'],
  ['tar', 'tar'],
]

/** What only tests call. */
export const FOR_TESTS: readonly Need[] = [
  ['systemd-analyze', 'systemd'],
  ['openssl', 'openssl'],
  ['setpriv', 'util-linux'],
  ['haproxy', 'haproxy'],
]

const SYSTEM_PATHS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Where distributions put what only root runs; a login shell may not look there. */
export function addSystemPaths(): void {
  const known = (process.env['PATH'] ?? '').split(delimiter)
  process.env['PATH'] = [...known, ...SYSTEM_PATHS.filter((path) => !known.includes(path))].join(delimiter)
}

const isPresent = (command: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

const missingOf = (more: readonly Need[]) => [...NEEDED, ...more].filter(([command]) => !isPresent(command))

/** Why the lab cannot run here, in words; undefined: it can. Installs what apt has. */
export async function providePackages(progress: (line: string) => void, more: readonly Need[] = []): Promise<string | undefined> {
  const missing = () => missingOf(more)
  addSystemPaths()
  if (process.platform !== 'linux') return `needs Linux (network namespaces), this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'needs root (network namespaces and a Docker Engine of its own)'
  if (missing().length > 0 && isPresent('apt-get')) await install(missing, progress)
  const left = missing()
  if (left.length === 0) return undefined
  return `missing: ${left.map(([command, name]) => `${command} (Debian package ${name})`).join(', ')}`
}

/** Docker Engine and CLI are one package in older releases, two in newer ones. */
async function install(missing: () => readonly Need[], progress: (line: string) => void): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  progress(
    `installing with apt: ${missing()
      .map(([, name]) => name)
      .join(' ')}`,
  )
  const updated = await attempt(['apt-get', 'update', '--quiet'], { env, timeoutMs: 300_000 })
  if (updated.code !== 0) progress(`apt-get update: ${updated.stderr.trim().split('\n').at(-1)}`)
  for (const [command, name] of missing()) {
    if (isPresent(command)) continue
    const done = await attempt(['apt-get', 'install', '--yes', '--quiet', '--no-install-recommends', name], { env, timeoutMs: 600_000 })
    if (done.code !== 0) progress(`apt-get install ${name}: ${done.stderr.trim().split('\n').at(-1)}`)
  }
}
