// `host:port` as SLB_HTTP_ADDR writes it: `:9750` and `[::]:9750` are all addresses, port 0 lets the system choose.

export type Address = { readonly host: string; readonly port: number }

const FORM = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})$/

/** Undefined where the text is not an address. An empty host listens on all addresses, IPv6 included where the system has it. */
export function parseAddress(text: string): Address | undefined {
  const [, six, four, digits] = FORM.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65535) return undefined
  return { host: six ?? (four === undefined || four === '' ? '::' : four), port }
}

/** Where a client on the same machine reaches a server bound to `address`. */
export function loopbackOf({ host, port }: Address): Address {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port }
  return host === '::' ? { host: 'localhost', port } : { host, port }
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
