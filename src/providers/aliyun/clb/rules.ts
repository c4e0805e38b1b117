// Forwarding rules in the words of the model, and their settings in the words of the API.
import { z } from 'zod'
import type { Rule } from '../../../core/model.ts'
import type { OptionName, Settings } from '../../../core/options.ts'
import type { Params } from '../flatten.ts'
import type { Reply } from '../rpc.ts'
import { createParams, readSettings } from './settings.ts'
import { parse, text, wrapped } from './wire.ts'

/** What a rule can have of its own (SetRule); its other settings are always those of its listener. */
export const RULE_OPTIONS: readonly OptionName[] = [
  'scheduler',
  'sticky-session',
  'sticky-session-type',
  'cookie-timeout',
  'cookie',
  'health-check-flag',
  'health-check-uri',
  'health-check-domain',
  'health-check-httpcode',
  'health-check-connect-port',
  'health-check-interval',
  'health-check-timeout',
  'healthy-threshold',
  'unhealthy-threshold',
]

const ruleRow = z.looseObject({
  RuleId: z.string().min(1),
  RuleName: text,
  Domain: text,
  Url: text,
  VServerGroupId: z.string().min(1),
  /** `on`: scheduler, stickiness and health check are the listener's. */
  ListenerSync: z.string().default('on'),
})

const rulesSchema = z.object({ Rules: wrapped('Rule', ruleRow) })

export const createdRulesSchema = z.object({ Rules: wrapped('Rule', z.object({ RuleId: z.string().min(1), RuleName: z.string() })) })

const ofRules = (settings: Settings): Settings =>
  Object.fromEntries(RULE_OPTIONS.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]])))

const toRule = (row: z.infer<typeof ruleRow>): Rule => ({
  ref: row.RuleId,
  name: row.RuleName,
  domain: row.Domain.toLowerCase(),
  url: row.Url,
  group: row.VServerGroupId,
  settings: row.ListenerSync === 'off' ? ofRules(readSettings('http', row)) : undefined,
})

export const DESCRIBE_RULES = 'DescribeRules'

/** Throws CallError `Malformed`. */
export const toRules = (reply: Reply): readonly Rule[] => parse(DESCRIBE_RULES, rulesSchema, reply).Rules.map(toRule)

/** With ListenerSync off the API wants all of them, each time. */
export const ruleParams = (settings: Settings | undefined): Params =>
  settings === undefined ? { ListenerSync: 'on' } : { ListenerSync: 'off', ...createParams('http', ofRules(settings)) }
