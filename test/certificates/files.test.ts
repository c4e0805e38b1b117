import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCertificateStore } from '../../src/certificates/files.ts'
import type { CertificateFile } from '../../src/core/certificate-file.ts'
import { selfSigned } from '../simulator/dataplane/certificate.ts'

const signal = new AbortController().signal
const shop = selfSigned('shop.example.com')
const renewed = selfSigned('shop.example.com')

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'certificates-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const storeOf = (againMs = 1) => createCertificateStore({ directory, againMs })
const put = async (pair: { readonly cert: string; readonly key: string }, name = 'shop', at = directory) => {
  await writeFile(join(at, `${name}.crt`), pair.cert)
  await writeFile(join(at, `${name}.key`), pair.key)
}

async function look(store = storeOf(), name = 'shop'): Promise<CertificateFile | undefined> {
  return (await store.look([name], signal)).get(name)
}
const reasonOf = (file: CertificateFile | undefined) => (file?.status === 'faulty' ? file.reason : 'none')
const printOf = (file: CertificateFile | undefined) => (file?.status === 'read' ? file.fingerprint : 'none')

describe('a certificate', () => {
  test('lies as <name>.crt and <name>.key, as Swarm secrets are mounted', async () => {
    await put(shop)
    expect(await look()).toMatchObject({ status: 'read', names: ['shop.example.com'] })
  })

  test('lies as <name>/fullchain.pem and <name>/privkey.pem, also behind the links of an ACME client', async () => {
    await mkdir(join(directory, 'archive'))
    await mkdir(join(directory, 'shop'))
    for (const [link, file, text] of [
      ['fullchain.pem', 'fullchain1.pem', shop.cert],
      ['privkey.pem', 'privkey1.pem', shop.key],
    ] as const) {
      await writeFile(join(directory, 'archive', file), text)
      await symlink(join('..', 'archive', file), join(directory, 'shop', link))
    }
    expect(await look()).toMatchObject({ status: 'read', names: ['shop.example.com'] })
  })

  test('may be swapped as a whole behind a link', async () => {
    for (const [name, pair] of [
      ['..1', shop],
      ['..2', renewed],
    ] as const) {
      await mkdir(join(directory, name))
      await put(pair, 'shop', join(directory, name))
    }
    await symlink('..1', join(directory, '..data'))
    for (const file of ['shop.crt', 'shop.key']) await symlink(join('..data', file), join(directory, file))
    const store = storeOf()
    const before = printOf(await look(store))
    await symlink('..2', join(directory, '..next'))
    await rename(join(directory, '..next'), join(directory, '..data'))
    const after = printOf(await look(store))
    expect(before).toMatch(/^[0-9a-f]{40}$/)
    expect(after).toMatch(/^[0-9a-f]{40}$/)
    expect(after).not.toBe(before)
  })

  test('is seen to change by its content', async () => {
    await put(shop)
    const store = storeOf()
    const before = await look(store)
    expect(await look(store)).toBe(before)
    await put(renewed)
    expect(printOf(await look(store))).not.toBe(printOf(before))
  })

  test('whose files are written one after the other is given time', async () => {
    await put(shop)
    const store = storeOf(100)
    await look(store)
    await writeFile(join(directory, 'shop.crt'), renewed.cert)
    const looking = look(store)
    await writeFile(join(directory, 'shop.key'), renewed.key)
    expect(await looking).toMatchObject({ status: 'read' })
  })
})

describe('a fault names the file', () => {
  test.each<[string, () => Promise<unknown> | unknown, RegExp]>([
    ['that is not there', () => {}, /neither shop\.crt nor shop\/fullchain\.pem in /],
    ['whose key is not there', () => writeFile(join(directory, 'shop.crt'), shop.cert), /\/shop\.key does not exist$/],
    ['whose key is another', () => put({ cert: shop.cert, key: renewed.key }), /do not match \(.*shop\.crt, .*shop\.key\)$/],
    ['that is no certificate', () => put({ cert: 'nothing', key: shop.key }), /\/shop\.crt holds no certificate/],
    ['that is too large', () => put({ cert: shop.cert + ' '.repeat(70_000), key: shop.key }), /\/shop\.crt is larger than 64 KiB$/],
    ['that is a directory', () => mkdir(join(directory, 'shop.crt')), /\/shop\.crt is not a file$/],
    ['that leads in a circle', () => symlink('shop.crt', join(directory, 'shop.crt')), /\/shop\.crt cannot be read \(ELOOP\)$/],
    [
      'that is a pipe nobody writes to',
      () => execFileSync('sh', ['-c', 'mkfifo "$0"', join(directory, 'shop.crt')]),
      /\/shop\.crt is not a file$/,
    ],
  ])('%s', async (_, make, text) => {
    await make()
    expect(reasonOf(await look())).toMatch(text)
  })

  test.each(['../shop', '..data', '.hidden', 'a/b', ''])('%j is no name of one', async (name) => {
    expect(reasonOf(await look(storeOf(), name))).toContain('no name of a file')
  })

  test('where there is no directory', async () => {
    const absent = createCertificateStore({ directory: join(directory, 'absent'), againMs: 1 })
    expect(reasonOf(await look(absent))).toMatch(/neither shop\.crt nor .*absent$/)
    expect(reasonOf(await look(createCertificateStore({ directory: undefined, againMs: 1 })))).toBe('SLB_CERT_DIR is not set')
  })

  test('that vanishes, and is over when it is back', async () => {
    await put(shop)
    const store = storeOf()
    const before = printOf(await look(store))
    await rm(join(directory, 'shop.crt'))
    expect(reasonOf(await look(store))).toContain('neither')
    await put(shop)
    expect(printOf(await look(store))).toBe(before)
  })

  test('a look ends in time, whatever the directory does', async () => {
    await put({ cert: shop.cert, key: renewed.key })
    const found = await storeOf(5000).look(['shop'], AbortSignal.timeout(20))
    expect(reasonOf(found.get('shop'))).toContain('did not answer in time')
  })
})

describe('for an upload', () => {
  test('the pair is read at that moment, with nothing but certificate and key', async () => {
    await put(shop)
    const store = storeOf()
    const pem = await store.readPem('shop', printOf(await look(store)))
    expect(pem.certificate).toBe(shop.cert.endsWith('\n\n') ? shop.cert : `${shop.cert.trimEnd()}\n`)
    expect(pem.privateKey).toContain('PRIVATE KEY')
  })

  test('another certificate than the one that was seen is not uploaded in its place', async () => {
    await put(shop)
    const store = storeOf()
    const seen = printOf(await look(store))
    await put(renewed)
    await expect(store.readPem('shop', seen)).rejects.toThrow('certificate file shop has just changed')
    await rm(join(directory, 'shop.key'))
    await expect(store.readPem('shop', seen)).rejects.toThrow('shop.key does not exist')
  })
})
