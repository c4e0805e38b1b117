// Forwarding rules of http and https listeners: by domain and URL to a VServer group of the same load balancer.
import { ApiError, invalid } from '../gateway/api-error.ts'
import { flag, need, type Params, text } from '../gateway/params.ts'
import { newId } from '../ids.ts'
import type { Settings } from '../settings.ts'
import type { Listener, LoadBalancer, Rule, World } from '../world.ts'
import { parseRows } from './backend-rows.ts'
import { type Actions, type Body, type Call, namedLoadBalancer, refuseLocked } from './call.ts'
import { portListener } from './find-listener.ts'
import { isSettled } from './listener-states.ts'
import { changedRuleValues, shownRule } from './rule-values.ts'

const NAME = /^[\p{L}\p{N}\-/._]{1,40}$/u
const DOMAIN = /^(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/
const URL_PATH = /^\/[A-Za-z0-9\-/.%?#&_~=+]{1,79}$/

function ruledListener(call: Call): { loadBalancer: LoadBalancer; listener: Listener } {
  const loadBalancer = namedLoadBalancer(call)
  const listener = portListener(loadBalancer, call.params)
  if (listener.protocol !== 'http' && listener.protocol !== 'https') {
    throw new ApiError('RuleNotSupport', `Rule is not support in the ${listener.protocol} type listener.`)
  }
  return { loadBalancer, listener }
}

/** The whole batch or nothing, unless the settings say otherwise. */
function createRules(call: Call): Body {
  const { settings, params } = call
  const { loadBalancer, listener } = ruledListener(call)
  requireSettled(call, listener)
  const rows = parseRows(need(params, 'RuleList'), 'RuleListMalformed')
  if (rows.length === 0 || rows.length > settings.quotas.ruleBatch) throw new ApiError('RuleListMalformed')
  if (listener.forwardPort !== undefined) throw new ApiError('ListenerNotSupportRule')
  const before = listener.rules.length
  const forget = () => {
    listener.rules.length = before
  }
  try {
    for (const row of rows) {
      const rule = readRule(row, settings)
      checkNewRule(loadBalancer, listener, rule)
      if (listener.rules.length >= settings.quotas.rules) throw new ApiError('TooManyRules')
      listener.rules.push(rule)
    }
  } catch (err) {
    if (settings.unsure.atomicBatches) forget()
    throw err
  }
  const created = listener.rules.slice(before).map(({ id, name }) => ({ RuleId: id, RuleName: name }))
  if (flag(params, 'DryRun')) forget()
  return { Rules: { Rule: created } }
}

function requireSettled(call: Call, listener: Listener): void {
  if (!isSettled(call, listener)) throw new ApiError('OperationFailed.ListenerStatusNotSupport')
}

function readRule(row: Record<string, unknown>, { unsure }: Settings): Rule {
  const value = (name: string) => String(row[name] ?? '')
  const [name, domain, url] = [value('RuleName'), value('Domain').toLowerCase(), value('Url')]
  if (name === '') throw new ApiError('MissingParameter.RuleName')
  if (!NAME.test(name) || (domain === '' && url === '')) throw new ApiError('RuleListMalformed')
  if (domain !== '' && (!DOMAIN.test(domain) || domain.length > unsure.longestRuleDomain)) throw new ApiError('DomainMalformed')
  if (url !== '' && !URL_PATH.test(url)) throw new ApiError('UrlMalformed')
  return { id: newId('rule'), name, domain, url, vServerGroupId: value('VServerGroupId'), listenerSync: 'on', config: {} }
}

function checkNewRule(loadBalancer: LoadBalancer, { rules }: Listener, rule: Rule): void {
  checkTarget(loadBalancer, rule.vServerGroupId)
  if (rules.some(({ domain, url }) => domain === rule.domain && url === rule.url)) throw new ApiError('DomainExist')
  if (rules.some(({ name }) => name === rule.name)) throw invalid('The specified RuleName already exists.')
}

function checkTarget(loadBalancer: LoadBalancer, id: string): void {
  if (!loadBalancer.groups.some((group) => group.id === id)) throw invalid('The specified VServerGroupId does not exist.', 404)
}

function findRule(world: World, id: string): { loadBalancer: LoadBalancer; listener: Listener; rule: Rule } {
  for (const loadBalancer of world.loadBalancers) {
    for (const listener of loadBalancer.listeners) {
      const rule = listener.rules.find((each) => each.id === id)
      if (rule !== undefined) return { loadBalancer, listener, rule }
    }
  }
  throw new ApiError('InvalidRuleId.NotFound')
}

/** Domain and Url stay what they are; everything else can change. */
function setRule(call: Call): Body {
  const { params } = call
  const { loadBalancer, listener, rule } = findRule(call.world, need(params, 'RuleId'))
  refuseLocked(loadBalancer)
  requireSettled(call, listener)
  const changed = { ...rule, ...named(params, listener, rule), ...changedRuleValues(rule, params) }
  checkTarget(loadBalancer, changed.vServerGroupId)
  if (!flag(params, 'DryRun')) Object.assign(rule, changed)
  return {}
}

function named(params: Params, { rules }: Listener, rule: Rule): Partial<Rule> {
  const [name, group] = [text(params, 'RuleName'), text(params, 'VServerGroupId')]
  if (name !== undefined && !NAME.test(name)) throw invalid('The specified RuleName is invalid.')
  if (rules.some((other) => other !== rule && other.name === name)) throw invalid('The specified RuleName already exists.')
  return { ...(name === undefined ? {} : { name }), ...(group === undefined ? {} : { vServerGroupId: group }) }
}

function deleteRules(call: Call): Body {
  const json = need(call.params, 'RuleIds')
  const ids = [...json.matchAll(/[\w-]+/g)].map(([id]) => id)
  if (!/^\s*\[/.test(json) || ids.length === 0 || ids.length > call.settings.quotas.ruleBatch)
    throw invalid('The specified RuleIds is invalid.')
  const found = ids.map((id) => findRule(call.world, id))
  for (const { loadBalancer, listener } of found) {
    refuseLocked(loadBalancer)
    requireSettled(call, listener)
  }
  for (const { listener, rule } of found) listener.rules = listener.rules.filter((each) => each !== rule)
  return {}
}

function describeRules(call: Call): Body {
  const { listener } = ruledListener(call)
  return { Rules: { Rule: listener.rules.map((rule) => shownRule(rule, listener)) } }
}

function describeRule(call: Call): Body {
  const { loadBalancer, listener, rule } = findRule(call.world, need(call.params, 'RuleId'))
  // A number everywhere else.
  return { ...shownRule(rule, listener), LoadBalancerId: loadBalancer.id, ListenerPort: String(listener.port) }
}

export const ruleActions: Actions = {
  CreateRules: createRules,
  SetRule: setRule,
  DeleteRules: deleteRules,
  DescribeRules: describeRules,
  DescribeRuleAttribute: describeRule,
}
