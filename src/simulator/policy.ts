// A RAM policy as its owner writes it: what is neither allowed nor denied is denied, and a denial goes before every permission.
// Conditions are not known here, so a policy that has one is refused rather than taken without it.
import { z } from 'zod'

const oneOrMore = z.union([z.string(), z.array(z.string())])
const statement = z.strictObject({ Effect: z.enum(['Allow', 'Deny']), Action: oneOrMore, Resource: oneOrMore })

export const policySchema = z.strictObject({ Version: z.literal('1'), Statement: z.array(statement) })
export type Policy = z.output<typeof policySchema>

/** A star stands for any text. */
function matches(patterns: string | readonly string[], text: string): boolean {
  const toRegExp = (pattern: string) => new RegExp(`^${pattern.replace(/[^\w*]/g, '\\$&').replaceAll('*', '.*')}$`)
  return [patterns].flat().some((pattern) => toRegExp(pattern).test(text))
}

/** `action` as `slb:SetRule`, `resource` as `acs:slb:cn-hangzhou:1234567890123456:loadbalancer/lb-1`. */
export function permits({ Statement }: Policy, action: string, resource: string): boolean {
  const about = Statement.filter(({ Action, Resource }) => matches(Action, action) && matches(Resource, resource))
  return about.length > 0 && about.every(({ Effect }) => Effect === 'Allow')
}

/** Whether anything at all is allowed by this action. */
export const names = ({ Statement }: Policy, action: string): boolean =>
  Statement.some(({ Effect, Action }) => Effect === 'Allow' && matches(Action, action))
