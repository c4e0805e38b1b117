// The part of the contract that is about http and https listeners: forwarding rules, redirects and further certificates.
import type { Change, Rule, RuleSpec } from '../../src/core/model.ts'
import type { Settings } from '../../src/core/options.ts'
import { type Picture, PREFIX } from './provider-contract-picture.ts'
import { type Context, HTTP, refOf, running, type Step, spec, withListener } from './provider-contract-steps.ts'

const WEB = `${PREFIX}web/80-tcp`
const SHOP = `${PREFIX}shop/80-tcp`
const KEY = 'tcp:8088'
const place = { key: KEY, protocol: 'http' } as const

const OWN: Settings = {
  scheduler: 'rr',
  'sticky-session': 'on',
  'sticky-session-type': 'insert',
  'cookie-timeout': 600,
  'health-check-flag': 'on',
  'health-check-uri': '/alive',
  'health-check-domain': 'shop.example.com',
  'health-check-httpcode': 'http_2xx',
  'health-check-connect-port': 0,
  'health-check-interval': 7,
  'health-check-timeout': 4,
  'healthy-threshold': 2,
  'unhealthy-threshold': 4,
}
const UNCHECKED: Settings = { scheduler: 'wrr', 'sticky-session': 'off', 'health-check-flag': 'off' }

const { 'cookie-timeout': _timeout, ...UNTIMED } = OWN
const COOKIE: Settings = { ...UNTIMED, 'sticky-session-type': 'server', cookie: 'JSESSIONID' }

const rule = (name: string, domain: string, url: string, settings?: Settings): Omit<RuleSpec, 'group'> => ({ name, domain, url, settings })
const FIRST = [rule('a', 'shop.example.com', ''), rule('b', 'shop.example.com', '/api', OWN), rule('c', '*.example.com', '/static')]
const MANY = Array.from({ length: 12 }, (_, n) => rule(`many-${n}`, '', `/many/${n}`))

const specs = (context: Context, name: string, rules: readonly Omit<RuleSpec, 'group'>[]): readonly RuleSpec[] =>
  rules.map((one) => ({ ...one, group: refOf(context, name) }))

const pictured = (name: string, rules: readonly Omit<RuleSpec, 'group'>[]) =>
  rules.map((one) => ({ ...one, group: name })).toSorted((a, b) => a.name.localeCompare(b.name))

const rulesOn = ({ lb }: Context): readonly Rule[] => lb.listeners.find(({ key }) => key === KEY)?.rules ?? []

function found(context: Context, name: string): Rule {
  const one = rulesOn(context).find((candidate) => candidate.name === name)
  if (one === undefined) throw new Error(`no rule ${name}`)
  return one
}

const rulesIn = ({ before }: Context) => before.listeners[KEY]?.rules ?? []

const edited = (context: Context, name: string, more: object): Picture =>
  withListener(context, KEY, { rules: rulesIn(context).map((one) => (one.name === name ? { ...one, ...more } : one)) })

const update = (name: string, settings: Settings | undefined, group?: string): Omit<Step, 'name'> => ({
  changes: (context) => [
    {
      kind: 'updateRule',
      ...place,
      rule: found(context, name),
      settings,
      ...(group === undefined ? {} : { group: refOf(context, group) }),
    },
  ],
  expected: (context) => edited(context, name, { settings, ...(group === undefined ? {} : { group }) }),
})

const deleteRules = (rules: readonly Rule[]): Change => ({ kind: 'deleteRules', ...place, rules })

export const RULE_STEPS: readonly Step[] = [
  {
    name: 'has a listener whose rules lead to two groups',
    changes: (context) => [
      { kind: 'createGroup', name: WEB, members: [] },
      { kind: 'createGroup', name: SHOP, members: [] },
      { kind: 'createListener', listener: spec('http', 8088, WEB, { kind: 'group', group: WEB }, HTTP) },
      { kind: 'createRules', ...place, rules: specs(context, SHOP, FIRST) },
    ],
    expected: ({ before }) => ({
      ...before,
      groups: { ...before.groups, [WEB]: [], [SHOP]: [] },
      listeners: {
        ...before.listeners,
        [KEY]: { ...running(spec('http', 8088, WEB, { kind: 'group', group: WEB }, HTTP), WEB), rules: pictured(SHOP, FIRST) },
      },
    }),
  },
  {
    name: 'makes more rules than one call takes',
    changes: (context) => [{ kind: 'createRules', ...place, rules: specs(context, WEB, MANY) }],
    expected: (context) => withListener(context, KEY, { rules: [...rulesIn(context), ...pictured(WEB, MANY)] }),
  },
  { name: 'points a rule at another group', ...update('a', undefined, WEB) },
  { name: 'gives a rule settings of its own', ...update('a', OWN) },
  { name: 'lets a rule probe another port', ...update('a', { ...OWN, 'health-check-connect-port': 8081 }) },
  { name: 'lets it probe the port of its backends again', ...update('a', OWN) },
  { name: 'follows a cookie of the application in a rule', ...update('a', COOKIE) },
  { name: 'switches check and stickiness of a rule off, and its group with them', ...update('a', UNCHECKED, SHOP) },
  { name: 'lets a rule be like its listener again', ...update('a', undefined) },
  {
    name: 'deletes more rules than one call takes, some of which are gone',
    changes: (context) => {
      const many = rulesOn(context).filter(({ name }) => name.startsWith('many-'))
      return [deleteRules(many.slice(0, 3)), deleteRules(many), deleteRules(many)]
    },
    expected: (context) => withListener(context, KEY, { rules: rulesIn(context).filter(({ name }) => !name.startsWith('many-')) }),
  },
  {
    name: 'deletes the group of a rule right after the rule, and a listener with its rules',
    changes: (context) => [
      deleteRules(rulesOn(context)),
      { kind: 'deleteGroup', group: refOf(context, SHOP), name: SHOP },
      { kind: 'createRules', ...place, rules: specs(context, WEB, FIRST.slice(0, 1)) },
      { kind: 'deleteListener', ...place },
      { kind: 'deleteGroup', group: refOf(context, WEB), name: WEB },
    ],
    expected: ({ before }) => {
      const { [KEY]: _listener, ...listeners } = before.listeners
      const { [WEB]: _web, [SHOP]: _shop, ...groups } = before.groups
      return { ...before, listeners, groups }
    },
  },
]
