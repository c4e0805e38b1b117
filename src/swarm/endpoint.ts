// Where the Docker Engine is: DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as the docker CLI reads them.
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export type EndpointSettings = {
  /** DOCKER_HOST; without it the local socket. */
  readonly host?: string | undefined
  /** DOCKER_TLS_VERIFY is set and not empty. */
  readonly tlsVerify?: boolean | undefined
  /** DOCKER_CERT_PATH: folder of ca.pem, cert.pem and key.pem; `~/.docker` where TLS is asked for without it. */
  readonly certPath?: string | undefined
}

export type Endpoint =
  | { readonly protocol: 'http'; readonly socketPath: string }
  | { readonly protocol: 'http' | 'https'; readonly host: string; readonly port: number; readonly tls: TlsFiles }

type TlsFiles = { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer }

/** The settings name no engine that can be spoken to: a mistake of the configuration, waiting does not help. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError'
}

const DEFAULT_SOCKET = '/var/run/docker.sock'
/** The docker CLI (28.2) takes 2375 for tcp:// without a port, with TLS too. */
const DEFAULT_PORT = { tcp: 2375, http: 2375, https: 2376 } as const

/** Throws EndpointError. Reads the TLS files, nothing else. */
export function resolveEndpoint({ host, tlsVerify = false, certPath }: EndpointSettings): Endpoint {
  const text = host?.trim() ?? ''
  const [, scheme, rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [undefined, text === '' ? 'unix' : 'tcp', text]
  switch (scheme) {
    case 'unix':
      return { protocol: 'http', socketPath: rest || DEFAULT_SOCKET }
    case 'tcp':
    case 'http':
    case 'https': {
      const tls = tlsVerify || scheme === 'https'
      const folder = certPath ?? (tlsVerify ? join(homedir(), '.docker') : undefined)
      return {
        protocol: tls ? 'https' : 'http',
        ...authority(text, rest, DEFAULT_PORT[scheme]),
        tls: tls ? readTls(folder, tlsVerify) : {},
      }
    }
    case 'ssh':
      throw new EndpointError(`DOCKER_HOST ${shown(text)}: ssh:// is not supported; use the local socket, or tcp:// with TLS`)
    default:
      throw new EndpointError(`DOCKER_HOST ${shown(text)}: ${scheme}:// is not supported; use unix://, tcp://, http:// or https://`)
  }
}

function authority(text: string, rest: string, defaultPort: number): { readonly host: string; readonly port: number } {
  const url = URL.parse(`tcp://${rest.startsWith(':') || rest === '' ? `127.0.0.1${rest}` : rest}`)
  if (url === null || url.hostname === '') throw new EndpointError(`DOCKER_HOST ${shown(text)}: expected unix:///path or tcp://host:port`)
  if (url.username !== '' || url.password !== '') throw new EndpointError('DOCKER_HOST: a user name or password has no place here')
  if (url.pathname !== '' && url.pathname !== '/')
    throw new EndpointError(`DOCKER_HOST ${shown(text)}: a path after host:port is not supported`)
  return { host: url.hostname, port: url.port === '' ? defaultPort : Number(url.port) }
}

/** Without what somebody may have put before the host. */
const shown = (text: string) => text.replace(/^([^/]*)\/\/.*@/, '$1//***@')

/** As in the CLI the authority is needed for verification, the client's own certificate only where the files are there. */
function readTls(folder: string | undefined, verify: boolean): TlsFiles {
  if (folder === undefined) return {}
  const read = (file: string) => {
    const path = join(folder, file)
    if (!existsSync(path)) return undefined
    try {
      return readFileSync(path)
    } catch (cause) {
      throw new EndpointError(`DOCKER_CERT_PATH: ${path} cannot be read`, { cause })
    }
  }
  const [ca, cert, key] = [read('ca.pem'), read('cert.pem'), read('key.pem')]
  if (verify && ca === undefined) throw new EndpointError(`DOCKER_CERT_PATH: ${join(folder, 'ca.pem')} is missing`)
  if ((cert === undefined) !== (key === undefined)) throw new EndpointError(`DOCKER_CERT_PATH: ${folder} needs both cert.pem and key.pem`)
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}
