// The BackendServers parameter and answer. The cloud's parser is lenient: single quotes, small first letters, numbers as strings and unknown keys all pass.
import { ApiError, invalid } from '../gateway/api-error.ts'
import { addressOf } from '../servers.ts'
import type { Settings } from '../settings.ts'
import type { Backend, World } from '../world.ts'

/** A row as sent; what is left out is undefined. */
export type SentBackend = {
  readonly serverId: string
  readonly serverIp: string | undefined
  readonly port: number
  readonly weight: number | undefined
  readonly type: Backend['type'] | undefined
  readonly description: string | undefined
  readonly serverType: string | undefined
}

/** Throws BackendServersMalformed, TooManyBackendServers or InvalidParameter. `ported`: VServer group members carry a port, default servers none. */
export function parseBackends(json: string | undefined, ported: boolean, { quotas }: Settings): SentBackend[] {
  if (json === undefined) return []
  const rows = parseRows(json, 'BackendServersMalformed')
  if (rows.length > quotas.backendBatch) {
    throw new ApiError(
      'TooManyBackendServers',
      `The total number of input real servers exceeds max supported number: ${quotas.backendBatch}`,
    )
  }
  return rows.map((row) => readRow(row, ported))
}

/** A JSON array of objects, or what some clients take for one. Keys come out with a capital. */
export function parseRows(json: string, malformed: string): Record<string, unknown>[] {
  const rows = tryParse(json) ?? tryParse(json.replaceAll("'", '"'))
  if (!Array.isArray(rows) || rows.some((row) => typeof row !== 'object' || row === null)) throw new ApiError(malformed)
  return rows.map((row: object) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), value])),
  )
}

function tryParse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function readRow(row: Record<string, unknown>, ported: boolean): SentBackend {
  const serverId = word(row['ServerId'])
  if (serverId === undefined) throw invalid('The specified BackendServers is invalid.')
  const description = word(row['Description'])
  if (description !== undefined && description.length > 80) throw invalid('The specified BackendServers is invalid.')
  return {
    serverId,
    serverIp: word(row['ServerIp']),
    port: ported ? readPort(row['Port']) : 0,
    weight: readWeight(row['Weight']),
    type: readType(row['Type']),
    description,
    serverType: word(row['ServerType']),
  }
}

const word = (value: unknown): string | undefined => (value === undefined || value === null || value === '' ? undefined : String(value))

function readPort(value: unknown): number {
  const port = Number(value)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid('The specified BackendServers is invalid, as the Port value should be in [1, 65535].')
  }
  return port
}

function readWeight(value: unknown): number | undefined {
  if (word(value) === undefined) return undefined
  const weight = Number(value)
  if (!Number.isInteger(weight) || weight < 0 || weight > 100) throw new ApiError('InvalidWeight.Malformed')
  return weight
}

function readType(value: unknown): Backend['type'] | undefined {
  const type = word(value)
  if (type === undefined || type === 'ecs' || type === 'eni' || type === 'eci') return type
  throw new ApiError('BackendServer.InvalidType')
}

export const newBackend = ({ serverId, serverIp, port, weight, type, description }: SentBackend): Backend => ({
  serverId,
  // An ecs server has one address; clients that send it anyway mean the instance.
  ...(serverIp === undefined || (type ?? 'ecs') === 'ecs' ? {} : { serverIp }),
  port,
  weight: weight ?? 100,
  type: type ?? 'ecs',
  description: description ?? '',
})

/** How many decimals of the truth each answer tells: weights are strings in some, ports and addresses missing in others. */
export function backendRows(
  servers: readonly Backend[],
  { weight = 'number', port = true }: { weight?: 'number' | 'string' | undefined; port?: boolean | undefined },
) {
  return servers.map((server) => ({
    ServerId: server.serverId,
    ...(port ? { Port: server.port } : {}),
    Weight: weight === 'string' ? String(server.weight) : server.weight,
    Type: server.type,
    ...(server.serverIp === undefined ? {} : { ServerIp: server.serverIp }),
    Description: server.description,
  }))
}

/** With the address, as the Describe calls show servers. */
export function describedRows(world: World, servers: readonly Backend[], port: boolean, { unsure }: Settings) {
  return backendRows(servers, { port }).map((row, index) => {
    const server = servers[index]
    const shown = server !== undefined && (server.type !== 'ecs' || unsure.ecsServerIp === 'shown') ? addressOf(world, server) : undefined
    return shown === undefined ? row : { ...row, ServerIp: shown }
  })
}
