// What a forwarding rule has of its own: with ListenerSync off its scheduler, stickiness and health check, else those of its listener.
import { ApiError, invalid } from '../gateway/api-error.ts'
import { type Params, text } from '../gateway/params.ts'
import { fieldsOf } from '../listener-fields.ts'
import type { Listener, Rule, Values } from '../world.ts'

const OWN = new Set([
  'Scheduler',
  'StickySession',
  'StickySessionType',
  'Cookie',
  'CookieTimeout',
  'HealthCheck',
  'HealthCheckConnectPort',
  'HealthCheckDomain',
  'HealthCheckHttpCode',
  'HealthCheckInterval',
  'HealthCheckTimeout',
  'HealthCheckURI',
  'HealthyThreshold',
  'UnhealthyThreshold',
])

const FIELDS = fieldsOf('http').filter(({ name }) => OWN.has(name))

export function changedRuleValues(rule: Rule, params: Params): Pick<Rule, 'listenerSync' | 'config'> {
  const sync = text(params, 'ListenerSync') ?? rule.listenerSync
  if (sync !== 'on' && sync !== 'off') throw invalid('The specified ListenerSync is invalid.')
  if (sync === 'on') return { listenerSync: 'on', config: rule.config }
  const config = { ...rule.config, ...given(params) }
  const required = ['Scheduler', 'StickySession', 'HealthCheck', ...stickyNeeds(config)]
  if (required.some((name) => config[name] === undefined)) throw new ApiError('MissingParameter')
  return { listenerSync: 'off', config: { ...checkDefaults(config), ...config } }
}

function given(params: Params): Values {
  const values: Values = {}
  for (const { name, kind, allow } of FIELDS) {
    const raw = text(params, name)
    if (raw === undefined) continue
    if (allow instanceof RegExp && !allow.test(raw)) throw invalid(`The specified ${name} is invalid.`)
    values[name] = kind === 'int' ? Number(raw) : raw
  }
  return values
}

function stickyNeeds(config: Values): string[] {
  if (config['StickySession'] !== 'on') return []
  return ['StickySessionType', config['StickySessionType'] === 'server' ? 'Cookie' : 'CookieTimeout']
}

/** A check of the rule's own starts with the API's defaults for http. */
function checkDefaults(config: Values): Values {
  if (config['HealthCheck'] !== 'on') return {}
  const values: Values = {}
  for (const { name, initial } of FIELDS) if (initial !== undefined && /^(Un)?Health/.test(name)) values[name] = initial
  return values
}

export function shownRule(rule: Rule, listener: Listener) {
  const values = rule.listenerSync === 'on' ? listener.config : rule.config
  const shown: Values = {}
  for (const { name } of FIELDS) {
    const value = values[name]
    if (value !== undefined && (values['StickySession'] !== 'off' || !/^(StickySessionType|Cookie)/.test(name))) shown[name] = value
  }
  return {
    RuleId: rule.id,
    RuleName: rule.name,
    Domain: rule.domain,
    Url: rule.url,
    VServerGroupId: rule.vServerGroupId,
    ListenerSync: rule.listenerSync,
    ...shown,
  }
}
