// Reads a certificate and its private key as PEM text and says what is wrong with the pair. No message of the crypto library is passed on:
// nothing of a key may turn up in a log.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

type PairFacts = {
  /** SHA-1 of the certificate, lower-case hexadecimal without colons: what the cloud shows, too. */
  readonly fingerprint: string
  readonly names: readonly string[]
  /** Epoch milliseconds. */
  readonly validFrom: number
  readonly validTo: number
}

type Pem = { readonly certificate: string; readonly privateKey: string }

/** `part`: which of the two files has the fault. */
export type Checked =
  | { readonly status: 'good'; readonly facts: PairFacts; readonly pem: Pem }
  | { readonly status: 'faulty'; readonly part: 'certificate' | 'key' | 'both'; readonly text: string }

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g
const PRIVATE_KEY = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----[\s\S]*?-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----/

const faulty = (part: 'certificate' | 'key' | 'both', text: string): Checked => ({ status: 'faulty', part, text })

function parsed(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** Names for hosts; a certificate so old that it has none goes by its common name. */
function namesOf({ subjectAltName, subject }: X509Certificate): readonly string[] {
  const names = [...(subjectAltName ?? '').matchAll(/(?:^|, )DNS:"?([^,"]+)/g)].flatMap(([, name]) => name ?? [])
  const common = /(?:^|\n)CN=([^\n]+)/.exec(subject)?.[1]
  return names.length > 0 || common === undefined ? names : [common]
}

function keyOf(text: string): KeyObject | string {
  const pem = PRIVATE_KEY.exec(text)?.[0]
  if (pem === undefined) return 'holds no private key in PEM form'
  if (/-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem)) return 'is encrypted: store it without a passphrase'
  try {
    return createPrivateKey(pem)
  } catch {
    return 'cannot be read as a private key'
  }
}

/** The forms that the cloud's documentation asks for: ACME clients write PKCS #8. */
function exportKey(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString()
  if (key.asymmetricKeyType === 'ec') return key.export({ type: 'sec1', format: 'pem' }).toString()
  return undefined
}

export function checkPair(certificateText: string, keyText: string): Checked {
  const blocks = certificateText.match(CERTIFICATE) ?? []
  const [first] = blocks
  if (first === undefined) return faulty('certificate', 'holds no certificate in PEM form')
  const chain = blocks.map(parsed)
  const leaf = chain[0]
  if (leaf === undefined || chain.includes(undefined)) return faulty('certificate', 'cannot be read as a certificate')
  const key = keyOf(keyText)
  if (typeof key === 'string') return faulty('key', key)
  if (!leaf.checkPrivateKey(key)) {
    const later = chain.some((one) => one?.checkPrivateKey(key) === true)
    return later
      ? faulty('certificate', 'has the certificate of the key not at its beginning')
      : faulty('both', 'key and certificate do not match')
  }
  const privateKey = exportKey(key)
  if (privateKey === undefined) return faulty('key', 'is neither an RSA nor an ECDSA key: load balancers take no other')
  const facts = {
    fingerprint: leaf.fingerprint.replaceAll(':', '').toLowerCase(),
    names: namesOf(leaf),
    validFrom: Date.parse(leaf.validFrom),
    validTo: Date.parse(leaf.validTo),
  }
  return { status: 'good', facts, pem: { certificate: `${blocks.join('\n')}\n`, privateKey } }
}
