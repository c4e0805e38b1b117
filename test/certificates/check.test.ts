import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkPair } from '../../src/certificates/check.ts'
import { selfSigned } from '../simulator/dataplane/certificate.ts'

const shop = selfSigned('shop.example.com', { moreNames: ['*.shop.example.com'] })
const other = selfSigned('other.example.com')

/** The parts of a good pair; fails the test where it is none. */
function good(certificate: string, key: string) {
  const checked = checkPair(certificate, key)
  if (checked.status !== 'good') throw new Error(checked.text)
  return checked
}

describe('a certificate with its key', () => {
  test('is known by its fingerprint, names and times', () => {
    expect(good(shop.cert, shop.key).facts).toEqual({
      fingerprint: new X509Certificate(shop.cert).fingerprint.replaceAll(':', '').toLowerCase(),
      names: ['shop.example.com', '*.shop.example.com'],
      validFrom: Date.parse('2020-01-01T00:00:00Z'),
      validTo: Date.parse('2049-12-31T23:59:59Z'),
    })
  })

  test('may come with the chain behind it; nothing else in the file is uploaded', () => {
    const { pem, facts } = good(`comment\n${shop.cert}${other.cert}${shop.key}`, shop.key)
    expect(facts.fingerprint).toBe(good(shop.cert, shop.key).facts.fingerprint)
    expect(pem.certificate.match(/BEGIN [A-Z ]+/g)).toEqual(['BEGIN CERTIFICATE', 'BEGIN CERTIFICATE'])
  })

  test('has its key in the form that the cloud takes, and it is the same key', () => {
    const { pem } = good(shop.cert, shop.key)
    expect(pem.privateKey).toMatch(/^-----BEGIN EC PRIVATE KEY-----/)
    expect(new X509Certificate(shop.cert).checkPrivateKey(createPrivateKey(pem.privateKey))).toBe(true)
  })
})

const pkcs8 = (key: ReturnType<typeof generateKeyPairSync>['privateKey'], passphrase?: string) =>
  key.export({ type: 'pkcs8', format: 'pem', ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }) }).toString()

const encrypted = () => pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'secret')
const edwards = () => pkcs8(generateKeyPairSync('ed25519').privateKey)
const broken = (pem: string) => pem.replace(/\n(.{20})/, '\n!!!!$1')

describe('a fault', () => {
  test.each<[string, string, string, string, RegExp]>([
    ['a key of another certificate', shop.cert, other.key, 'both', /do not match/],
    ['a key of another kind', shop.cert, edwards(), 'both', /do not match/],
    ['the chain before the certificate', `${other.cert}${shop.cert}`, shop.key, 'certificate', /not at its beginning/],
    ['an encrypted key', shop.cert, encrypted(), 'key', /is encrypted/],
    ['an encrypted key of the old form', shop.cert, shop.key.replace('\n', '\nProc-Type: 4,ENCRYPTED\n'), 'key', /is encrypted/],
    ['a key that is none', shop.cert, broken(shop.key), 'key', /cannot be read as a private key/],
    ['a file without a key', shop.cert, 'no key', 'key', /no private key/],
    ['a certificate in place of the key', shop.cert, shop.cert, 'key', /no private key/],
    ['a key in place of the certificate', shop.key, shop.key, 'certificate', /no certificate/],
    ['a certificate that is none', broken(shop.cert), shop.key, 'certificate', /cannot be read as a certificate/],
    ['a broken chain', `${shop.cert}${broken(other.cert)}`, shop.key, 'certificate', /cannot be read as a certificate/],
    ['an empty file', '', '', 'certificate', /no certificate/],
  ])('is %s', (_, certificate, key, part, text) => {
    expect(checkPair(certificate, key)).toEqual({ status: 'faulty', part, text: expect.stringMatching(text) })
  })

  test('never quotes what is in the files', () => {
    for (const [certificate, key] of [
      [shop.cert, broken(shop.key)],
      [shop.key, shop.key],
      [shop.cert, encrypted()],
    ] as const) {
      const text = JSON.stringify(checkPair(certificate, key))
      for (const line of key.split('\n').slice(1, 3)) expect(text).not.toContain(line)
    }
  })
})
