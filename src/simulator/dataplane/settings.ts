// What every part of the data plane is given: where to log, which address to call from, and its waits (parameters, so that tests are quick).

interface PlaneLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export type DataPlaneOptions = {
  readonly log: PlaneLog
  /** Local address that connections to backends and health checks come from; undefined: the system's choice. */
  readonly source?: string | undefined
  /** A backend that has not accepted a connection by then is given up. */
  readonly connectTimeoutMs?: number
  /** A udp client keeps its backend until it was silent for this long. */
  readonly udpIdleMs?: number
  /** Longest wait before a port that could not be bound is tried again. */
  readonly rebindMs?: number
}

export type PlaneSettings = Required<Omit<DataPlaneOptions, 'source'>> & { readonly source: string | undefined }

export function planeSettings(options: DataPlaneOptions): PlaneSettings {
  return {
    log: options.log,
    source: options.source,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    udpIdleMs: options.udpIdleMs ?? 60_000,
    rebindMs: options.rebindMs ?? 1_000,
  }
}

/** The socket option that binds an outgoing connection, or nothing. */
export const callFrom = ({ source }: Pick<PlaneSettings, 'source'>): { readonly localAddress?: string } =>
  source === undefined ? {} : { localAddress: source }
