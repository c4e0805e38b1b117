// The changes to forwarding rules, as calls. Host and path of a rule cannot be changed, and no two rules of a listener have both in
// common: what is refused as a duplicate is looked up, since it may be what an answer that got lost had made.
import type { ChangeOf, Rule, RuleSpec } from '../../../core/model.ts'
import { CallError } from '../../provider.ts'
import { type Groups, idOf } from './apply-groups.ts'
import { lifecycle, type Place } from './apply-listeners.ts'
import { batchesOf } from './batches.ts'
import { createdRulesSchema, DESCRIBE_RULES, ruleParams, toRules } from './rules.ts'
import type { Step } from './step.ts'
import { malformed, parse } from './wire.ts'

/** The API takes at most this many rules in one call. */
const BATCH = 10

const isCode = (error: unknown, codes: readonly string[]) =>
  error instanceof CallError && error.status === 'failed' && codes.includes(error.code)

/** Whatever came of it, the listener is asked for its rules the next time. */
const noted = async (groups: Groups, { key }: Place, write: () => Promise<void>) => {
  try {
    await write()
  } finally {
    groups.web.changed(groups.loadBalancerId, key)
  }
}

const describe = async (groups: Groups, place: Place, step: Step) => toRules(await step.read(DESCRIBE_RULES, lifecycle(groups, place)))

const listed = (groups: Groups, { name, domain, url, group }: RuleSpec) => ({
  RuleName: name,
  ...(domain === '' ? {} : { Domain: domain }),
  ...(url === '' ? {} : { Url: url }),
  VServerGroupId: idOf(groups, group),
})

/** Answers with the ids by name. */
async function send(groups: Groups, place: Place, rules: readonly RuleSpec[], step: Step): Promise<ReadonlyMap<string, string>> {
  if (rules.length === 0) return new Map()
  const action = 'CreateRules'
  const RuleList = JSON.stringify(rules.map((rule) => listed(groups, rule)))
  const reply = await step.write(action, { ...lifecycle(groups, place), RuleList })
  const made = new Map(parse(action, createdRulesSchema, reply).Rules.map(({ RuleId, RuleName }): [string, string] => [RuleName, RuleId]))
  const lost = rules.find(({ name }) => !made.has(name))
  if (lost !== undefined) throw malformed(action, `no id for rule ${lost.name}`, reply.requestId)
  return made
}

/** Of a batch with a duplicate some may have been made before: those are used, the rest is sent once more. */
async function sendRest(groups: Groups, place: Place, rules: readonly RuleSpec[], step: Step, refusal: unknown) {
  const there = await describe(groups, place, step)
  const same = (rule: RuleSpec) => there.find(({ name, domain, url }) => name === rule.name && domain === rule.domain && url === rule.url)
  const found = rules.flatMap((rule) => {
    const old = same(rule)
    return old === undefined ? [] : [{ rule, old }]
  })
  if (found.length === 0) throw refusal
  const elsewhere = found.filter(({ rule, old }) => old.group !== idOf(groups, rule.group))
  for (const { rule, old } of elsewhere) await step.write('SetRule', { RuleId: old.ref, VServerGroupId: idOf(groups, rule.group) })
  const made = await send(
    groups,
    place,
    rules.filter((rule) => same(rule) === undefined),
    step,
  )
  return new Map([...made, ...found.map(({ rule, old }): [string, string] => [rule.name, old.ref])])
}

async function make(groups: Groups, place: Place, rules: readonly RuleSpec[], step: Step): Promise<void> {
  for (const batch of batchesOf(rules, BATCH)) {
    const ids = await send(groups, place, batch, step).catch((error: unknown) => {
      if (!isCode(error, ['DomainExist', 'DomainRuleDuplicated'])) throw error
      return sendRest(groups, place, batch, step, error)
    })
    // A new rule has the settings of its listener until told otherwise.
    for (const { name, settings } of batch) {
      if (settings !== undefined) await step.write('SetRule', { RuleId: ids.get(name), ...ruleParams(settings) })
    }
  }
}

export const createRules = (groups: Groups) => (change: ChangeOf<'createRules'>, step: Step) =>
  noted(groups, change, () => make(groups, change, change.rules, step))

const portOf = (settings: Rule['settings']) => Number(settings?.['health-check-connect-port'] ?? 0)

/** A probe of a port of its own cannot be told to take the backend's again: the API takes a port from 1 up, and an absent one stays. */
const losesPort = ({ rule, settings }: ChangeOf<'updateRule'>) =>
  settings?.['health-check-flag'] === 'on' && portOf(rule.settings) > 0 && portOf(settings) === 0

export const updateRule = (groups: Groups) => (change: ChangeOf<'updateRule'>, step: Step) =>
  noted(groups, change, async () => {
    const { rule, group, settings } = change
    if (losesPort(change)) {
      await remove(groups, change, [rule], step)
      return make(groups, change, [{ ...rule, group: group ?? rule.group, settings }], step)
    }
    const inherits = rule.settings === undefined && settings === undefined
    await step.write('SetRule', {
      RuleId: rule.ref,
      ...(group === undefined ? {} : { VServerGroupId: idOf(groups, group) }),
      ...(inherits ? {} : ruleParams(settings)),
    })
  })

const deleteBatch = (rules: readonly Rule[], step: Step) =>
  step.write('DeleteRules', { RuleIds: JSON.stringify(rules.map(({ ref }) => ref)) })

/** One rule that is gone already refuses the whole batch. */
async function remove(groups: Groups, place: Place, rules: readonly Rule[], step: Step): Promise<void> {
  for (const batch of batchesOf(rules, BATCH)) {
    try {
      await deleteBatch(batch, step)
    } catch (error) {
      if (!isCode(error, ['InvalidRuleId.NotFound'])) throw error
      const there = new Set((await describe(groups, place, step)).map(({ ref }) => ref))
      const left = batch.filter(({ ref }) => there.has(ref))
      if (left.length > 0) await deleteBatch(left, step)
    }
  }
}

export const deleteRules = (groups: Groups) => (change: ChangeOf<'deleteRules'>, step: Step) =>
  noted(groups, change, () => remove(groups, change, change.rules, step))
