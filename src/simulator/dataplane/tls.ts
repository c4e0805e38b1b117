// Certificates of an https listener: its own and those of its domain extensions, chosen by the name the client asks for.
// A changed certificate serves the next handshake; open connections are not touched. What cannot be loaded leaves the old one in place.
import { createSecureContext, type SecureContext } from 'node:tls'
import type { PlaneListener } from '../plane.ts'
import { covers } from './rules.ts'

export interface Certificates {
  /** Returns what is wrong, if anything. */
  update(listener: Pick<PlaneListener, 'certificate' | 'extensions' | 'clientAuthority'>): string | undefined
  /** Exact domain, then the narrowest wildcard, then the listener's own; undefined: there is none. */
  contextFor(serverName: string): SecureContext | undefined
  /** The listener's own certificate that serves now, for clients that name no server. */
  own(): Pem | undefined
}

/** `ca`: the authority of the clients' certificates. */
export type Pem = { readonly cert: string; readonly key: string; readonly ca: string | undefined }
type Loaded = Pem & { readonly context: SecureContext }

/** The key of the listener's own certificate: every name that no extension covers. */
const OWN = ''

export function createCertificates(): Certificates {
  let loaded: ReadonlyMap<string, Loaded> = new Map()
  return {
    update({ certificate, extensions, clientAuthority: ca }) {
      const wanted = certificate === undefined ? extensions : [{ domain: OWN, ...certificate }, ...extensions]
      const troubles = certificate === undefined ? ['the listener has no certificate'] : []
      const next = new Map<string, Loaded>()
      for (const { domain, cert, key } of wanted) {
        const [now, trouble] = load({ cert, key, ca }, loaded.get(domain))
        if (now !== undefined) next.set(domain, now)
        if (trouble !== undefined) troubles.push(`certificate of ${domain || 'the listener'}: ${trouble}`)
      }
      loaded = next
      return troubles.length === 0 ? undefined : troubles.join('; ')
    },
    contextFor(serverName) {
      const name = serverName.toLowerCase()
      const wildcards = [...loaded.keys()].filter((domain) => domain.startsWith('*.') && covers(domain, name))
      const narrowest = wildcards.sort((a, b) => b.length - a.length)[0]
      return (loaded.get(name) ?? loaded.get(narrowest ?? OWN))?.context
    },
    own: () => loaded.get(OWN),
  }
}

function load({ cert, key, ca }: Pem, before: Loaded | undefined): readonly [loaded: Loaded | undefined, trouble: string | undefined] {
  if (before?.cert === cert && before.key === key && before.ca === ca) return [before, undefined]
  try {
    return [{ cert, key, ca, context: createSecureContext({ cert, key, ca }) }, undefined]
  } catch (err) {
    return [before, err instanceof Error ? err.message : String(err)]
  }
}
