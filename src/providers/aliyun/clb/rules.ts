// Forwarding rules in the words of the model, and their settings in the words of the API.
import { z } from 'zod'
import type { Rule } from '../../../core/model.ts'
import type { Settings } from '../../../core/options.ts'
import { RULE_OPTIONS } from '../../../core/web-options.ts'
import type { Params } from '../flatten.ts'
import type { Reply } from '../rpc.ts'
import { createParams, readSettings } from './settings.ts'
import { parse, text, wrapped } from './wire.ts'

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

/** What SetRule knows; a rule's other settings are always those of its listener. */
const ofRules = (settings: Settings): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => RULE_OPTIONS.includes(name)))

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
