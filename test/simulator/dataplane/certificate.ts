// Self-signed certificates made on the spot, so that no key lies in the repository and no tool has to be installed.
import { generateKeyPairSync, sign } from 'node:crypto'

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const sequence = (...parts: readonly Uint8Array[]) => tlv(0x30, ...parts)
const oid = (...bytes: number[]) => tlv(0x06, Buffer.from(bytes))
const integer = (value: number) => tlv(0x02, Buffer.from([value]))
const time = (text: string) => tlv(0x17, Buffer.from(text))

const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
const SHA256_WITH_RSA = sequence(oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b), tlv(0x05))
const COMMON_NAME = oid(0x55, 0x04, 0x03)
const SUBJECT_ALT_NAME = oid(0x55, 0x1d, 0x11)

const name = (text: string) => sequence(tlv(0x31, sequence(COMMON_NAME, tlv(0x0c, Buffer.from(text)))))

/** As ASN.1 writes times of this half of the century. */
const utc = (date: Date) =>
  time(
    `${date
      .toISOString()
      .replaceAll(/[-:T]|\.\d+/g, '')
      .slice(2, 14)}Z`,
  )

export type SelfSignedOptions = { readonly from?: Date; readonly to?: Date; readonly moreNames?: readonly string[]; readonly rsa?: boolean }

/** A certificate for this name, valid until 2049 unless said otherwise, with its key; both as PEM. */
export function selfSigned(domain: string, options: SelfSignedOptions = {}): { readonly cert: string; readonly key: string } {
  const { from = new Date('2020-01-01T00:00:00Z'), to = new Date('2049-12-31T23:59:59Z'), moreNames = [], rsa = false } = options
  const { publicKey, privateKey } = rsa
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = rsa ? SHA256_WITH_RSA : ECDSA_WITH_SHA256
  const names = [domain, ...moreNames].map((text) => tlv(0x82, Buffer.from(text)))
  const altNames = sequence(SUBJECT_ALT_NAME, tlv(0x04, sequence(...names)))
  const body = sequence(
    tlv(0xa0, integer(2)),
    integer(1),
    algorithm,
    name(domain),
    sequence(utc(from), utc(to)),
    name(domain),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(altNames)),
  )
  const signature = tlv(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const lines = sequence(body, algorithm, signature)
    .toString('base64')
    .replace(/.{64}(?!$)/g, '$&\n')
  const cert = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}
