// What the simulator's control plane hands to its data plane: a plain view of listeners with their servers resolved to addresses.

export type PlaneBackend = {
  readonly server: string
  readonly address: string
  readonly port: number
  /** 0..100; 0 gets nothing new. */
  readonly weight: number
}

export type PlaneHealthCheck = {
  readonly type: 'tcp' | 'udp' | 'http'
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly healthyThreshold: number
  readonly unhealthyThreshold: number
  /** Undefined: the backend's own port. */
  readonly port: number | undefined
  readonly uri: string
  /** Host header; empty or `$_ip`: the backend's address. */
  readonly domain: string
  readonly method: 'HEAD' | 'GET'
  /** `http_2xx` … */
  readonly codes: readonly string[]
  readonly request: string
  readonly expect: string
}

export type PlaneSticky =
  | { readonly kind: 'off' }
  | { readonly kind: 'insert'; readonly timeoutS: number }
  | { readonly kind: 'server'; readonly cookie: string }

export type PlaneGroup = {
  readonly scheduler: string
  readonly sticky: PlaneSticky
  /** Undefined: no check, every backend counts as usable and is reported `unavailable`. */
  readonly check: PlaneHealthCheck | undefined
  readonly backends: readonly PlaneBackend[]
}

export type PlaneRule = { readonly id: string; readonly domain: string; readonly url: string; readonly group: PlaneGroup }

/** white: only these networks may connect. black: all but these. */
export type PlaneAccess = { readonly type: 'white' | 'black'; readonly networks: readonly string[] }

export type PlaneListener = {
  readonly loadBalancerId: string
  /** Address to bind: one per load balancer. */
  readonly address: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp' | 'http' | 'https'
  /** Only running listeners accept; the others are closed. */
  readonly running: boolean
  readonly group: PlaneGroup
  /** http and https only, in the cloud's order of precedence applied by the data plane. */
  readonly rules: readonly PlaneRule[]
  /** http only: redirect to https on this port. */
  readonly redirectTo: number | undefined
  /** Source address stays on one backend for this long; 0 is off. tcp only. */
  readonly persistenceMs: number
  readonly idleTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly headers: {
    readonly for: boolean
    readonly proto: boolean
    readonly slbId: boolean
    readonly slbIp: boolean
    readonly slbPort: boolean
    readonly clientPort: boolean
  }
  /** All of them have to let a client in. */
  readonly access: readonly PlaneAccess[]
  /** https only: clients have to show a certificate that this authority (PEM) signed. */
  readonly clientAuthority: string | undefined
  /** https only: PEM texts. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  readonly extensions: readonly { readonly domain: string; readonly cert: string; readonly key: string }[]
}

export type PlaneHealthRow = {
  readonly loadBalancerId: string
  readonly listenerPort: number
  readonly protocol: string
  readonly server: string
  readonly port: number
  readonly state: 'normal' | 'abnormal' | 'unavailable'
}

export interface DataPlane {
  /** Makes the sockets match these listeners; what did not change keeps its connections and its health. */
  sync(listeners: readonly PlaneListener[]): void
  health(loadBalancerId: string): readonly PlaneHealthRow[]
  /** Ports that could not be bound and the like, for log and health: never a crash. */
  problems(): readonly string[]
  close(): Promise<void>
}
