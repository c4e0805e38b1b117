// What was ours at one reading and is gone at the next: somebody else deleted it, and the guard counts it like a delete of this process.
import type { Gone } from './guard.ts'
import { ownMark } from './holders.ts'
import type { Mark } from './marks.ts'
import type { ActualListener, LoadBalancer } from './model.ts'
import { marksOf, type OwnRule, ownRules } from './rules.ts'
import { sameMark, unitOf } from './shared.ts'
import { ruleText } from './verdicts.ts'

/** Rules of one service port: it has none left there, does not hold the listener itself, and nobody was given its hosts and paths. */
function hasEnded(mark: Mark, had: readonly OwnRule[], now: ActualListener, lb: LoadBalancer, owner: string): boolean {
  const marks = [ownMark(now, owner), ...marksOf(ownRules(now, lb, owner))]
  const there = new Set(now.rules.map(ruleText))
  const given = had.some((one) => sameMark(one.mark, mark) && there.has(ruleText(one.rule)))
  return !given && !marks.some((one) => sameMark(one, mark))
}

/** The same units that the guard counts and holds: listeners, and the rules of one service port on a listener that another holds. */
export function goneSince(before: LoadBalancer, lb: LoadBalancer, owner: string): readonly Gone[] {
  return before.listeners.flatMap((was): Gone[] => {
    const now = lb.listeners.find(({ key }) => key === was.key)
    const holder = ownMark(was, owner)
    const rules = ownRules(was, before, owner)
    const guests = marksOf(rules).filter((mark) => !sameMark(holder, mark))
    const ended = now === undefined ? guests : guests.filter((mark) => hasEnded(mark, rules, now, lb, owner))
    return [
      ...(holder === undefined || now !== undefined ? [] : [{ key: was.key, service: holder.service }]),
      ...ended.map((mark) => ({ key: unitOf(was.key, mark), service: mark.service })),
    ]
  })
}
