// The http or https server of a listener, with the limits that belong to its client side.
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { PlaneListener } from '../plane.ts'
import { createCertificates, type Pem } from './tls.ts'
import { wantsUpgrade } from './upgrade.ts'

export interface WebServer {
  readonly server: Server | TlsServer
  /** Idle time and certificates, in place. Returns what is wrong with the certificates, if anything. */
  update(listener: PlaneListener): string | undefined
}

const OPTIONS: ServerOptions = {
  maxHeaderSize: 32_768,
  // A long upload is no error: that bytes flow is watched on the backend's side.
  requestTimeout: 0,
  keepAliveTimeoutBuffer: 0,
  shouldUpgradeCallback: wantsUpgrade,
}

export function createWebServer({ clientAuthority }: PlaneListener, protocol: 'http' | 'https', onRequest: RequestListener): WebServer {
  return protocol === 'https' ? createTls(onRequest, clientAuthority !== undefined) : createPlain(onRequest)
}

function createPlain(onRequest: RequestListener): WebServer {
  const server = createServer(OPTIONS, onRequest)
  server.on('connection', (client: Socket) => client.setTimeout(server.keepAliveTimeout))
  return {
    server,
    update({ idleTimeoutMs }) {
      server.keepAliveTimeout = idleTimeoutMs
      return undefined
    },
  }
}

/** `mutual`: clients without a certificate of the authority get no further than the handshake. */
function createTls(onRequest: RequestListener, mutual: boolean): WebServer {
  const certificates = createCertificates()
  let serving: Pem | undefined
  const SNICallback: TlsOptions['SNICallback'] = (name, done) => done(null, certificates.contextFor(name))
  const server = createTlsServer({ ...OPTIONS, SNICallback, requestCert: mutual, rejectUnauthorized: mutual }, onRequest)
  // A client that has not sent its first request yet is idle, too.
  server.on('secureConnection', (client) => client.setTimeout(server.keepAliveTimeout))
  return {
    server,
    update(listener) {
      server.keepAliveTimeout = listener.idleTimeoutMs
      const trouble = certificates.update(listener)
      const now = certificates.own()
      if (now !== undefined && now !== serving) server.setSecureContext({ cert: now.cert, key: now.key, ca: now.ca })
      serving = now
      return trouble
    },
  }
}
