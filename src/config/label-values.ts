// Settings that are written as labels are: the same parser reads both.
import { z } from 'zod'
import type { Parsed } from '../core/grammar.ts'
import { parseNodeChoice } from '../core/node-choice.ts'
import { parseRoutingListeners } from '../core/routing-listeners.ts'

const asLabel = <T>(parse: (text: string) => Parsed<T>) =>
  z.string().transform((text, context): T => {
    const parsed = parse(text)
    if (parsed.ok) return parsed.value
    context.addIssue({ code: 'custom', message: parsed.text })
    return z.NEVER
  })

export const nodeChoice = asLabel(parseNodeChoice)
export const routingListeners = asLabel(parseRoutingListeners)
