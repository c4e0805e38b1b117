// Faults on order: the n-th call of an action fails, before or after it took effect, in one of the ways that real clouds and networks fail.
import { z } from 'zod'

export const faultSchema = z.strictObject({
  /** An action's name, or `*` for any. */
  action: z.string(),
  /** Which call counted from now; 1 is the next. */
  nth: z.number().int().min(1).default(1),
  /** How many calls in a row. */
  times: z.number().int().min(1).default(1),
  /** after: the change was made, only the answer is lost. */
  when: z.enum(['before', 'after']).default('before'),
  as: z.union([
    z.strictObject({ code: z.string(), status: z.number().int().optional(), message: z.string().optional() }),
    /**
     * 5xx: 503 with JSON that has no Code. html: 502 with a page. html-200: the page of something else that says 200. reset: the
     * connection breaks. hang: no answer ever. malformed-json: 200, cut in the middle. wrong-shape: 200 and JSON, but not the answer of this action.
     */
    z.enum(['5xx', 'html', 'html-200', 'reset', 'hang', 'malformed-json', 'wrong-shape']),
  ]),
})

export type Fault = z.output<typeof faultSchema>
export type FaultInput = z.input<typeof faultSchema>

export type Faults = {
  /** Throws ZodError for a fault that does not fit. */
  add(fault: FaultInput): void
  list(): readonly (Fault & { readonly seen: number })[]
  clear(): void
  /** Counts this call and answers with the fault that hits it. */
  take(action: string): Fault | undefined
}

export function createFaults(): Faults {
  let orders: { readonly fault: Fault; seen: number }[] = []
  return {
    add(fault) {
      orders.push({ fault: faultSchema.parse(fault), seen: 0 })
    },
    list: () => orders.map(({ fault, seen }) => ({ ...fault, seen })),
    clear() {
      orders = []
    },
    take(action) {
      const named = orders.filter(({ fault }) => fault.action === action || fault.action === '*')
      for (const order of named) order.seen += 1
      const hit = named.find(({ fault, seen }) => seen >= fault.nth && seen < fault.nth + fault.times)
      orders = orders.filter(({ fault, seen }) => seen < fault.nth + fault.times - 1)
      return hit?.fault
    },
  }
}
