// Master-slave groups: exactly two servers, for tcp and udp listeners. They can be made and deleted, not changed.
import { ApiError } from '../gateway/api-error.ts'
import { flag, need, tags, text } from '../gateway/params.ts'
import { isoTime, newId } from '../ids.ts'
import type { LoadBalancer, MasterSlaveGroup, World } from '../world.ts'
import { addServers, serverCount } from './attach.ts'
import { backendRows, parseBackends } from './backend-rows.ts'
import { type Actions, type Body, type Call, namedLoadBalancer, refuseLocked } from './call.ts'
import { hasTags, newTags, wrappedTags } from './tag-values.ts'

function createGroup(call: Call): Body {
  const { params, settings } = call
  const loadBalancer = namedLoadBalancer(call)
  const sent = parseBackends(text(params, 'MasterSlaveBackendServers'), true, settings)
  if (sent.length !== 2) throw new ApiError('BACKEND_SERVERS_NUM_MUST_BE_TWO')
  const types = sent.map(({ serverType }) => serverType)
  if (types.some((type) => type !== 'Master' && type !== 'Slave')) throw new ApiError('INVALID_SERVER_TYPE')
  if (types[0] === types[1]) throw new ApiError('BACKEND_SERVERS_CAN_ONLY_CONTAIN_ONE_MASTER_AND_ONE_SLAVE')
  if (sent[0]?.serverId === sent[1]?.serverId) throw new ApiError('BACKEND_SERVERS_HAVE_SAME_PORT_AND_SERVERID')
  const group: MasterSlaveGroup = {
    id: newId('rsp'),
    name: text(params, 'MasterSlaveServerGroupName') ?? '',
    createdAt: isoTime(call.now),
    tags: newTags(params, settings),
    servers: [],
  }
  const plain: LoadBalancer['backendServers'] = []
  addServers(call, { loadBalancer, servers: plain, elsewhere: serverCount(loadBalancer), kind: 'vServer' }, sent)
  group.servers = plain.map((server, index) => ({ ...server, serverType: types[index] === 'Master' ? 'Master' : 'Slave' }))
  loadBalancer.masterSlaveGroups.push(group)
  return { MasterSlaveServerGroupId: group.id, MasterSlaveBackendServers: serverRows(group) }
}

const serverRows = ({ servers }: MasterSlaveGroup) => ({
  MasterSlaveBackendServer: backendRows(servers, {}).map((row, index) => ({ ...row, ServerType: servers[index]?.serverType })),
})

function named(world: World, id: string): { loadBalancer: LoadBalancer; group: MasterSlaveGroup } {
  for (const loadBalancer of world.loadBalancers) {
    const group = loadBalancer.masterSlaveGroups.find((each) => each.id === id)
    if (group !== undefined) return { loadBalancer, group }
  }
  throw new ApiError('InvalidParameter', 'The specified MasterSlaveServerGroupId does not exist.', 404)
}

const users = ({ listeners }: LoadBalancer, { id }: MasterSlaveGroup) =>
  listeners.filter((listener) => listener.masterSlaveServerGroupId === id).map(({ port, protocol }) => ({ Port: port, Protocol: protocol }))

function deleteGroup({ world, params }: Call): Body {
  const { loadBalancer, group } = named(world, need(params, 'MasterSlaveServerGroupId'))
  refuseLocked(loadBalancer)
  if (users(loadBalancer, group).length > 0) throw new ApiError('RspoolVipExist')
  loadBalancer.masterSlaveGroups = loadBalancer.masterSlaveGroups.filter((each) => each !== group)
  return {}
}

const row = (group: MasterSlaveGroup) => ({
  MasterSlaveServerGroupId: group.id,
  MasterSlaveServerGroupName: group.name,
  CreateTime: group.createdAt,
  Tags: wrappedTags(group.tags),
})

function describeGroups(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const [filters, name] = [tags(call.params), text(call.params, 'Description')]
  const rows = loadBalancer.masterSlaveGroups
    .filter((group) => hasTags(group.tags, filters) && (name === undefined || group.name === name))
    .map((group) => ({
      ...row(group),
      AssociatedObjects: { Listeners: { Listener: flag(call.params, 'IncludeListener') ? users(loadBalancer, group) : [] } },
    }))
  return { MasterSlaveServerGroups: { MasterSlaveServerGroup: rows } }
}

function describeGroup({ world, params }: Call): Body {
  const { loadBalancer, group } = named(world, need(params, 'MasterSlaveServerGroupId'))
  return { ...row(group), LoadBalancerId: loadBalancer.id, MasterSlaveBackendServers: serverRows(group) }
}

export const masterSlaveGroupActions: Actions = {
  CreateMasterSlaveServerGroup: createGroup,
  DeleteMasterSlaveServerGroup: deleteGroup,
  DescribeMasterSlaveServerGroups: describeGroups,
  DescribeMasterSlaveServerGroupAttribute: describeGroup,
}
