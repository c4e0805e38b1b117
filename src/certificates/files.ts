// Certificates and keys as files of one directory, as ACME clients, Swarm secrets and mounted volumes lay them: also behind links that
// are swapped while we look. Nothing of a key is kept: content is compared by its digest, and read again for an upload.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CertificateFile } from '../core/certificate-file.ts'
import type { ReadPem } from '../providers/provider.ts'
import { type Checked, checkPair } from './check.ts'

export interface CertificateStore {
  /** One look at each of these files. Never rejects: what cannot be read is faulty. */
  look(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, CertificateFile>>
  readonly readPem: ReadPem
}

export type StoreOptions = {
  /** SLB_CERT_DIR */
  readonly directory: string | undefined
  /** A pair that does not fit may be half written: it is read once more after this, milliseconds. */
  readonly againMs?: number
}

/** Far above any chain of certificates. */
const LIMIT = 64 * 1024
/** Neither a path nor hidden: `..data` and the like are how mounted volumes are swapped. */
const NAME = /^[A-Za-z0-9*_][A-Za-z0-9*._-]{0,79}$/
const AGAIN_MS = 300
const READS = 3

const LAYOUTS = [
  (name: string) => [`${name}.crt`, `${name}.key`] as const,
  (name: string) => [join(name, 'fullchain.pem'), join(name, 'privkey.pem')] as const,
]

type Text = { readonly text: string } | { readonly fault: string; readonly absent: boolean }
type Pair = { readonly certificate: string; readonly key: string; readonly paths: readonly [string, string] }

/** Without waiting: a named pipe in the place of a file must not hold the pass up. */
async function readText(path: string): Promise<Text> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return { fault: `${path} is not a file`, absent: false }
      if (stat.size > LIMIT) return { fault: `${path} is larger than ${LIMIT / 1024} KiB`, absent: false }
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(LIMIT + 1), position: 0 })
      if (bytesRead > LIMIT) return { fault: `${path} is larger than ${LIMIT / 1024} KiB`, absent: false }
      const text = buffer.toString('utf8', 0, bytesRead)
      buffer.fill(0)
      return { text }
    } finally {
      await file.close()
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { fault: `${path} does not exist`, absent: true }
      : { fault: `${path} cannot be read (${code})`, absent: false }
  }
}

/** Both of one moment: where the certificate was replaced while the key was read, both are read again. */
async function readBoth(paths: readonly [string, string]): Promise<Pair | { readonly fault: string; readonly absent: boolean }> {
  let certificate = await readText(paths[0])
  for (let reads = 1; ; reads += 1) {
    if ('fault' in certificate) return certificate
    const key = await readText(paths[1])
    if ('fault' in key) return { ...key, absent: false }
    const again = await readText(paths[0])
    if (reads === READS || ('text' in again && again.text === certificate.text)) {
      return { certificate: certificate.text, key: key.text, paths }
    }
    certificate = again
  }
}

async function findPair(directory: string | undefined, name: string): Promise<Pair | { readonly fault: string }> {
  if (directory === undefined) return { fault: 'SLB_CERT_DIR is not set' }
  if (!NAME.test(name)) return { fault: 'that is no name of a file: expected letters, digits, dots, hyphens' }
  for (const layout of LAYOUTS) {
    const [certificate, key] = layout(name)
    const pair = await readBoth([join(directory, certificate), join(directory, key)])
    if ('certificate' in pair || !pair.absent) return pair
  }
  return { fault: `there is neither ${name}.crt nor ${join(name, 'fullchain.pem')} in ${directory}` }
}

const digestOf = ({ certificate, key }: Pair) =>
  createHash('sha256').update(`${certificate.length} `).update(certificate).update(key).digest('hex')

function toFile(checked: Checked, [certificate, key]: readonly [string, string]): CertificateFile {
  if (checked.status === 'good') return { status: 'read', ...checked.facts }
  if (checked.part === 'both') return { status: 'faulty', reason: `${checked.text} (${certificate}, ${key})` }
  return { status: 'faulty', reason: `${checked.part === 'key' ? key : certificate} ${checked.text}` }
}

export function createCertificateStore({ directory, againMs = AGAIN_MS }: StoreOptions): CertificateStore {
  const known = new Map<string, { readonly digest: string; readonly file: CertificateFile }>()

  async function lookAt(name: string, signal: AbortSignal): Promise<CertificateFile> {
    for (let again = false; ; again = true) {
      const pair = await findPair(directory, name)
      if (!('fault' in pair)) {
        const digest = digestOf(pair)
        const before = known.get(name)
        if (before?.digest === digest) return before.file
        const file = toFile(checkPair(pair.certificate, pair.key), pair.paths)
        // A client that writes one file after the other is given the time to do so.
        if (file.status === 'read' || again) {
          known.set(name, { digest, file })
          return file
        }
      } else if (again || !known.has(name)) {
        known.delete(name)
        return { status: 'faulty', reason: pair.fault }
      }
      await sleep(againMs, undefined, { signal }).catch(() => undefined)
    }
  }

  return {
    async look(names, signal) {
      const late: CertificateFile = { status: 'faulty', reason: `${directory} did not answer in time` }
      const timeUp = new Promise<CertificateFile>((resolve) => {
        if (signal.aborted) resolve(late)
        signal.addEventListener('abort', () => resolve(late), { once: true })
      })
      return new Map(await Promise.all(names.map(async (name) => [name, await Promise.race([lookAt(name, signal), timeUp])] as const)))
    },
    async readPem(file, fingerprint) {
      const pair = await findPair(directory, file)
      if ('fault' in pair) throw new Error(`certificate file ${file}: ${pair.fault}`)
      const checked = checkPair(pair.certificate, pair.key)
      if (checked.status !== 'good' || checked.facts.fingerprint !== fingerprint)
        throw new Error(`certificate file ${file} has just changed`)
      return checked.pem
    },
  }
}
