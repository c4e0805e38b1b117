// A load balancer's configuration as resources of Terraform's alicloud provider, with import blocks: a plan of them finds what is there.
// Attributes are those of the provider's documentation; what it has none for becomes a comment.
import type { ActualListener, LoadBalancer, Rule } from '../core/model.ts'
import { OPTION_NAMES, type OptionName, type Settings } from '../core/options.ts'
import type { Acl } from '../core/region.ts'
import { plain } from '../terminal.ts'
import { type Attribute, createNames, raw, resource, type Value } from './hcl.ts'
import { listenerName } from './parts.ts'

type Named = (wish: string) => string
type Context = {
  readonly lb: LoadBalancer
  readonly names: Named
  /** Addresses of group resources by the group's id. */
  readonly groups: ReadonlyMap<string, string>
  readonly acls: ReadonlyMap<string, string>
}

const ATTRIBUTES: Readonly<Partial<Record<OptionName, string>>> = {
  scheduler: 'scheduler',
  bandwidth: 'bandwidth',
  'persistence-timeout': 'persistence_timeout',
  'established-timeout': 'established_timeout',
  'idle-timeout': 'idle_timeout',
  'request-timeout': 'request_timeout',
  'sticky-session': 'sticky_session',
  'sticky-session-type': 'sticky_session_type',
  'cookie-timeout': 'cookie_timeout',
  cookie: 'cookie',
  'tls-cipher-policy': 'tls_cipher_policy',
  'http2-enabled': 'enable_http2',
  'cert-id': 'server_certificate_id',
  'ca-cert-id': 'ca_certificate_id',
  'acl-status': 'acl_status',
  'acl-type': 'acl_type',
  'health-check-switch': 'health_check',
  'health-check-flag': 'health_check',
  'health-check-type': 'health_check_type',
  'health-check-uri': 'health_check_uri',
  'health-check-domain': 'health_check_domain',
  'health-check-httpcode': 'health_check_http_code',
  'health-check-method': 'health_check_method',
  'health-check-connect-port': 'health_check_connect_port',
  'health-check-interval': 'health_check_interval',
  'health-check-connect-timeout': 'health_check_timeout',
  'health-check-timeout': 'health_check_timeout',
  'healthy-threshold': 'healthy_threshold',
  'unhealthy-threshold': 'unhealthy_threshold',
}
const SWITCHES: Readonly<Partial<Record<OptionName, string>>> = { gzip: 'gzip', 'proxy-protocol': 'proxy_protocol_v2_enabled' }
const FORWARDED: Readonly<Partial<Record<OptionName, string>>> = {
  'xforwardedfor-slbip': 'retrive_slb_ip',
  'xforwardedfor-slbid': 'retrive_slb_id',
  'xforwardedfor-proto': 'retrive_slb_proto',
}
/** What is off, or always so with the provider, needs no word. */
const SILENT: readonly OptionName[] = ['xforwardedfor', 'acl-id', 'domain-extensions', 'forward-port']

type Written = { readonly attributes: readonly Attribute[]; readonly comments: readonly string[] }

function settingsAttributes(settings: Settings): Written {
  const attributes: Attribute[] = []
  const forwarded: Attribute[] = []
  const comments: string[] = []
  for (const option of OPTION_NAMES) {
    const value = settings[option]
    if (value === undefined || value === '' || (value === 0 && option === 'health-check-connect-port')) continue
    const [plainName, switchName, headerName] = [ATTRIBUTES[option], SWITCHES[option], FORWARDED[option]]
    if (plainName !== undefined) attributes.push([plainName, value])
    else if (switchName !== undefined) attributes.push([switchName, value === 'on'])
    else if (headerName !== undefined) forwarded.push([headerName, value === 'on'])
    else if (!SILENT.includes(option) && value !== 'off') comments.push(`Not in the provider: ${option} = ${plain(String(value))}`)
  }
  return { attributes: forwarded.length === 0 ? attributes : [...attributes, ['x_forwarded_for', forwarded]], comments }
}

const groupRef = (ref: string, { groups }: Context): Value => {
  const name = groups.get(ref)
  return name === undefined ? ref : raw(`${name}.id`)
}

function targetAttributes({ target }: ActualListener, context: Context): readonly Attribute[] {
  if (target === undefined) return []
  return target.kind === 'default' ? [['backend_port', target.port]] : [['server_group_id', groupRef(target.group, context)]]
}

const lbAttribute = ({ lb }: Context): Attribute => ['load_balancer_id', lb.id]

function aclAttributes({ settings }: ActualListener, { acls }: Context): Written {
  const ids = String(settings['acl-id'] ?? '')
    .split(',')
    .filter((id) => id !== '')
  const [first, ...others] = ids
  if (first === undefined) return { attributes: [], comments: [] }
  const name = acls.get(first)
  const more = others.length === 0 ? [] : [`Not in the provider: further access control lists ${others.map(plain).join(', ')}`]
  return { attributes: [['acl_id', name === undefined ? first : raw(`${name}.id`)]], comments: more }
}

function listenerBlock(listener: ActualListener, context: Context): string {
  const { lb, names } = context
  const id = `${lb.id}:${listener.protocol}:${listener.port}`
  const base: Attribute[] = [lbAttribute(context), ['frontend_port', listener.port], ['protocol', listener.protocol]]
  const name = names(`${listener.protocol}_${listener.port}`)
  const to = listener.settings['forward-port']
  if (to !== undefined) return resource('alicloud_slb_listener', name, id, [...base, ['listener_forward', 'on'], ['forward_port', to]])
  const written = settingsAttributes(listener.settings)
  const acl = aclAttributes(listener, context)
  const about: Attribute[] = listener.note === '' ? [] : [['description', listener.note]]
  const attributes = [...base, ...about, ...targetAttributes(listener, context), ...written.attributes, ...acl.attributes]
  const stopped = listener.status === 'stopped' ? ['It is stopped; the provider starts listeners.'] : []
  return resource('alicloud_slb_listener', name, id, attributes, [...stopped, ...written.comments, ...acl.comments])
}

function ruleBlock(rule: Rule, listener: ActualListener, context: Context): string {
  const own = rule.settings === undefined ? undefined : settingsAttributes(rule.settings)
  const attributes: Attribute[] = [
    lbAttribute(context),
    ['frontend_port', listener.port],
    ['name', rule.name],
    ...(rule.domain === '' ? [] : [['domain', rule.domain] as const]),
    ...(rule.url === '' ? [] : [['url', rule.url] as const]),
    ['server_group_id', groupRef(rule.group, context)],
    ['listener_sync', own === undefined ? 'on' : 'off'],
    ...(own?.attributes ?? []),
  ]
  const name = context.names(`${listener.protocol}_${listener.port}_${rule.name}`)
  return resource('alicloud_slb_rule', name, rule.ref, attributes, own?.comments)
}

function extensionBlocks(listener: ActualListener, context: Context): readonly string[] {
  return listener.extensions.map(({ ref, domain, certificate }) => {
    const attributes: Attribute[] = [
      lbAttribute(context),
      ['frontend_port', listener.port],
      ['domain', domain],
      ['server_certificate_id', certificate],
    ]
    return resource('alicloud_slb_domain_extension', context.names(`https_${listener.port}_${domain}`), ref, attributes)
  })
}

function groupBlocks(context: Context): readonly string[] {
  return context.lb.groups.flatMap(({ ref, name, members }) => {
    const address = context.groups.get(ref) ?? ''
    const short = address.slice(address.indexOf('.') + 1)
    const group = resource('alicloud_slb_server_group', short, ref, [lbAttribute(context), ['name', name]])
    const attachments = members.map(({ server, port = 0, weight, note }) =>
      resource('alicloud_slb_server_group_server_attachment', context.names(`${short}_${server}_${port}`), `${ref}:${server}:${port}`, [
        ['server_group_id', raw(`${address}.id`)],
        ['server_id', server],
        ['port', port],
        ['weight', weight],
        ...(note === '' ? [] : [['description', note] as const]),
      ]),
    )
    return [group, ...attachments]
  })
}

/** The default group is one resource, known by its load balancer. */
function defaultBlock({ lb, names }: Context): readonly string[] {
  if (lb.members.length === 0) return []
  const servers = lb.members.map(
    ({ server, weight }): Attribute => [
      'backend_servers',
      [
        ['server_id', server],
        ['weight', weight],
      ],
    ],
  )
  return [resource('alicloud_slb_backend_server', names('default_group'), lb.id, [['load_balancer_id', lb.id], ...servers])]
}

function aclBlocks(acls: readonly Acl[], context: Context): readonly string[] {
  return acls.flatMap(({ id, name, entries }) => {
    const address = context.acls.get(id) ?? ''
    const unread =
      entries === undefined
        ? ['Its entries were not read, because it is not one of swarm-slb: add alicloud_slb_acl_entry_attachment for each.']
        : []
    const list = resource('alicloud_slb_acl', address.slice(address.indexOf('.') + 1), id, [['name', name]], unread)
    const attachments = (entries ?? []).map((entry) =>
      resource('alicloud_slb_acl_entry_attachment', context.names(`acl_${entry}`), `${id}:${entry}`, [
        ['acl_id', raw(`${address}.id`)],
        ['entry', entry],
      ]),
    )
    return [list, ...attachments]
  })
}

/** @param acls of the region; undefined where they could not be read */
export function terraformOf(lb: LoadBalancer, acls: readonly Acl[] | undefined): string {
  const names = createNames()
  const used = new Set(lb.listeners.flatMap(({ settings }) => String(settings['acl-id'] ?? '').split(',')))
  const mine = (acls ?? []).filter(({ id }) => used.has(id))
  const context: Context = {
    lb,
    names,
    groups: new Map(lb.groups.map(({ ref, name }) => [ref, `alicloud_slb_server_group.${names(`group_${name}`)}`])),
    acls: new Map(mine.map(({ id, name }) => [id, `alicloud_slb_acl.${names(`acl_${name}`)}`])),
  }
  const driven = lb.listeners.filter(({ target, settings }) => target !== undefined || settings['forward-port'] !== undefined)
  const left = lb.listeners.filter((listener) => !driven.includes(listener))
  return [
    `# Load balancer ${plain(lb.name)} (${plain(lb.id)}). The load balancer itself is not here: it is named by its id.`,
    ...left.map((one) => `# Not here: ${listenerName(one)} uses a master-slave group, or is of a kind that is not driven.`),
    '',
    ...aclBlocks(mine, context),
    ...defaultBlock(context),
    ...groupBlocks(context),
    ...driven.flatMap((listener) => [
      listenerBlock(listener, context),
      ...listener.rules.map((rule) => ruleBlock(rule, listener, context)),
      ...extensionBlocks(listener, context),
    ]),
  ].join('\n')
}
