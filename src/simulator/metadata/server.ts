// The instance metadata service: text, one value a line; a role's keys as JSON; tokens for the hardened mode.
import { randomBytes } from 'node:crypto'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { RunningServer } from '../gateway/server.ts'
import type { Settings } from '../settings.ts'
import type { Instance, World } from '../world.ts'
import type { RoleCredentials } from './role-credentials.ts'

export type MetadataOptions = {
  readonly world: World
  readonly settings: Settings
  readonly credentials: RoleCredentials
  readonly host: string
  readonly port: number
}

const TTL_HEADER = 'x-aliyun-ecs-metadata-token-ttl-seconds'
const TOKEN_HEADER = 'x-aliyun-ecs-metadata-token'

export async function serveMetadata(options: MetadataOptions): Promise<RunningServer> {
  const app = fastify({ logger: false, forceCloseConnections: true })
  const tokens = new Map<string, number>()
  app.put('/latest/api/token', (request, reply) => {
    const seconds = Number(request.headers[TTL_HEADER])
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 21_600) return reply.code(400).type('text/plain').send('Bad Request')
    const token = randomBytes(24).toString('base64')
    tokens.set(token, Date.now() + seconds * 1000)
    return reply.type('text/plain').send(token)
  })
  app.get('/latest/meta-data', (request, reply) => answer(options, tokens, request, reply, ''))
  app.get<{ Params: { '*': string } }>('/latest/meta-data/*', (request, reply) =>
    answer(options, tokens, request, reply, request.params['*']),
  )
  const url = await app.listen({ host: options.host, port: options.port })
  return { url, close: () => app.close() }
}

function answer(
  { world, settings, credentials }: MetadataOptions,
  tokens: ReadonlyMap<string, number>,
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
): FastifyReply {
  reply.type('text/plain')
  const token = request.headers[TOKEN_HEADER]
  const bad = typeof token === 'string' ? (tokens.get(token) ?? 0) <= Date.now() : settings.metadata.tokenRequired
  if (bad) return reply.code(401).send('Unauthorized')
  const items = metadataItems(world, instanceOf(world, request.ip))
  const { role, credentialSeconds } = settings.metadata
  const roles = 'ram/security-credentials/'
  if (role !== '' && path === `${roles}${role}`) {
    return reply.type('application/json').send({ ...credentials.current(credentialSeconds, Date.now()), Code: 'Success' })
  }
  if (role !== '' && `${path}/`.replace(/\/\/$/, '/') === roles) return reply.send(role)
  const value = items.get(path)
  if (value !== undefined) return reply.send(value)
  const below = listing([...items.keys()], path)
  return below.length > 0 ? reply.send(below.join('\n')) : reply.code(404).send('Not Found')
}

/** Whoever asks from the address of an instance is that instance; anybody else is the first one. */
const instanceOf = (world: World, ip: string): Instance | undefined =>
  world.instances.find(({ privateIp }) => privateIp === ip.replace(/^::ffff:/, '')) ?? world.instances[0]

function metadataItems(world: World, instance: Instance | undefined): ReadonlyMap<string, string> {
  const items = {
    'instance-id': instance?.id ?? 'i-bp1simulated00000001',
    'region-id': world.regionId,
    'zone-id': instance?.zoneId ?? world.zoneId,
    'vpc-id': instance?.vpcId ?? world.vpcId,
    'vswitch-id': instance?.vSwitchId ?? world.vSwitchId,
    'vpc-cidr-block': world.vpcCidrBlock,
    'vswitch-cidr-block': world.vpcCidrBlock,
    'private-ipv4': instance?.privateIp ?? '127.0.0.1',
    eipv4: instance?.publicIp ?? '',
    mac: '00:16:3e:00:00:00',
    hostname: instance?.name ?? 'simulated',
    'owner-account-id': world.accountId,
    'network-type': instance?.networkType ?? 'vpc',
    'instance/instance-type': 'ecs.g7.large',
  }
  return new Map(Object.entries(items))
}

/** The names one level below a path, folders with a slash. */
function listing(keys: readonly string[], path: string): string[] {
  const prefix = path === '' || path.endsWith('/') ? path : `${path}/`
  const below = keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
  return [...new Set(below.map((key) => (key.includes('/') ? key.slice(0, key.indexOf('/') + 1) : key)))].concat(
    path === '' ? ['ram/'] : [],
  )
}
