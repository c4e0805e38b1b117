// Names that look like somebody else's: none of them takes what another service has.
import { describe, expect, test } from 'vitest'
import { markService, parseMark } from '../../src/core/marks.ts'
import type { Service } from '../../src/core/model.ts'
import { balancer, diffOf, listener, markOf, service, text, threeMembers, toDefault, wantedBy } from '../support/build.ts'

const OWNER = 'me'

/** Two names that are cut to one: they begin alike, and so do their hashes. Anybody can find such a pair. */
function twins(): readonly [string, string] {
  const seen = new Map<string, string>()
  for (let n = 0; ; n += 1) {
    const name = `${'a'.repeat(48)}-${n.toString(36).padStart(12, '0')}`
    const cut = markService(name, OWNER)
    const other = seen.get(cut)
    if (other !== undefined) return [other, name]
    seen.set(cut, name)
  }
}

const labels = (target: string) => ({ 'slb.port.80': target })

describe('a service whose name is cut to the name of another', () => {
  const [victim, attacker] = twins()
  const old = service(victim, 30000, labels('tcp://:8080'), { createdAt: '2026-01-01T00:00:00Z' })
  const late = service(attacker, 30001, labels('tcp://:8080'), { createdAt: '2026-06-01T00:00:00Z' })
  const lb = balancer({
    members: threeMembers(),
    listeners: [listener('tcp', 8080, toDefault(30000), markOf(markService(victim, OWNER)))],
  })
  const plan = (services: readonly Service[]) => text(diffOf({ services, lb }).plan)

  test('gets nothing of it, wherever in the list it stands, and is told', () => {
    for (const services of [
      [old, late],
      [late, old],
    ]) {
      expect(plan(services)).toEqual([])
      const problem = expect.stringContaining(`so does that of the older service ${victim}`)
      expect(wantedBy(services).problems).toMatchObject([{ kind: 'label', subject: attacker, text: problem }])
    }
  })

  test('is a stranger: what leads to its node port is closed', () => {
    const moved = service(victim, 30002, labels('tcp://:8080'), { createdAt: old.createdAt })
    const there = service(attacker, 30000, labels('tcp://:8080'), { createdAt: late.createdAt })
    expect(wantedBy([moved, there]).nodePorts.get('tcp:30000')).not.toBe(markService(victim, OWNER))
    expect(plan([moved, there]).join()).toContain('tcp:8080')
  })
})

describe('names that are made like marks', () => {
  test.each([
    'swarm-slb/me/web/80-tcp',
    'web/80-tcp/closed',
    '../../other/web',
    'web/80-tcp\u0000',
    'me/web',
    'web.cafebabe',
    'ｗｅｂ',
    'w\u200beb',
    '\u202Ebew',
    'web\n',
    ' web',
    '',
    'x'.repeat(10_000),
  ])('%j stands in marks as something that is no other service', (name) => {
    const cut = markService(name, OWNER)
    expect(cut).toMatch(/^[A-Za-z0-9._-]{1,57}$/)
    expect(cut).not.toBe('web')
    expect(markService(cut, OWNER)).toBe(cut)
    expect(parseMark(`swarm-slb/${OWNER}/${cut}/80-tcp`)).toMatchObject({ service: cut, suffix: '' })
  })
})
