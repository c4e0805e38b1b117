// What is known of a certificate that lies in a file, and whether it may serve. The private key is not part of it.

/** One look at a certificate and its key. The reason of a faulty pair names the file. */
export type CertificateFile =
  | {
      readonly status: 'read'
      /** SHA-1 of the certificate, lower-case hexadecimal without colons. */
      readonly fingerprint: string
      /** Host names that it is for; the first label may be `*`. */
      readonly names: readonly string[]
      /** Epoch milliseconds. */
      readonly validFrom: number
      readonly validTo: number
    }
  | { readonly status: 'faulty'; readonly reason: string }

const PREFIX = 'file:'

/** The file that a value such as `file:shop` names. Undefined: it is an id of the cloud. */
export const fileOf = (value: string): string | undefined => (value.startsWith(PREFIX) ? value.slice(PREFIX.length) : undefined)

/** A wildcard stands for one label. A host with a wildcard of its own needs the same name in the certificate. */
export function covers(name: string, host: string): boolean {
  if (name === host) return true
  const rest = host.indexOf('.')
  return name.startsWith('*.') && !host.startsWith('*') && rest > 0 && host.slice(rest) === name.slice(1)
}

const day = (time: number) => new Date(time).toISOString().slice(0, 10)

/**
 * Why it must not serve these hosts now. Undefined: it may.
 * @param now epoch milliseconds
 */
export function faultOf(file: CertificateFile, hosts: readonly string[], now: number): string | undefined {
  if (file.status === 'faulty') return file.reason
  if (now < file.validFrom) return `it is not valid before ${new Date(file.validFrom).toISOString()}`
  if (now >= file.validTo) return `it expired on ${day(file.validTo)}`
  const names = file.names.map((name) => name.toLowerCase())
  const missing = hosts.filter((host) => !names.some((name) => covers(name, host.toLowerCase())))
  return missing.length === 0 ? undefined : `it is not for ${missing.join(', ')}, but for ${file.names.join(', ') || 'no host at all'}`
}

/** `shop.example.com:<certificate>,…` as pairs; a certificate may hold a colon of its own (`file:shop`). */
export function extensionsIn(value: string): readonly { readonly domain: string; readonly certificate: string }[] {
  return value.split(',').flatMap((part) => {
    const colon = part.indexOf(':')
    return colon < 1 ? [] : [{ domain: part.slice(0, colon), certificate: part.slice(colon + 1) }]
  })
}
