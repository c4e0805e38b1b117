// The part of the contract that is about https: certificates, further ones by name, and the redirect that leads there.
import type { Change, DomainExtension } from '../../src/core/model.ts'
import type { Settings } from '../../src/core/options.ts'
import { PREFIX } from './provider-contract-picture.ts'
import { type Context, complete, refOf, running, type Step, spec, withListener } from './provider-contract-steps.ts'

const SAFE = `${PREFIX}safe/443-tcp`
const KEY = 'tcp:8443'
const FROM = 'tcp:8084'
const place = { key: KEY, protocol: 'https' } as const

const withCertificate = (id: string, more: Settings = {}) => complete('https', { 'cert-id': id, ...more })
const safe = ({ certificates: [first] }: Context) => spec('https', 8443, SAFE, { kind: 'group', group: SAFE }, withCertificate(first))
const redirect = {
  ...spec('http', 8084, SAFE, { kind: 'group', group: SAFE }, complete('http', { 'forward-port': 8443 })),
  target: undefined,
}

const extensionsIn = ({ lb }: Context): readonly DomainExtension[] => lb.listeners.find(({ key }) => key === KEY)?.extensions ?? []
const found = (context: Context, domain: string): DomainExtension => {
  const extension = extensionsIn(context).find((one) => one.domain === domain)
  if (extension === undefined) throw new Error(`no certificate of ${domain}`)
  return extension
}

const settingsStep = (name: string, settings: (context: Context) => Settings): Step => ({
  name,
  changes: (context) => {
    const was = context.before.listeners[KEY]?.settings ?? {}
    const wanted = settings(context)
    const set = Object.fromEntries(Object.entries(wanted).filter(([option, value]) => was[option as keyof Settings] !== value))
    return [{ kind: 'updateListener', ...place, set, was, settings: wanted }]
  },
  expected: (context) => withListener(context, KEY, { settings: settings(context) }),
})

const remove = (key: 'tcp:8443' | 'tcp:8084', protocol: 'http' | 'https'): Change => ({ kind: 'deleteListener', key, protocol })

export const SECURE_STEPS: readonly Step[] = [
  {
    name: 'has an https listener with certificates by name, and a redirect to it',
    changes: (context) => [
      { kind: 'createGroup', name: SAFE, members: [] },
      { kind: 'createListener', listener: safe(context) },
      { kind: 'createExtension', key: KEY, domain: 'shop.example.com', certificate: context.certificates[1] },
      { kind: 'createExtension', key: KEY, domain: '*.example.net', certificate: context.certificates[0] },
      { kind: 'createListener', listener: redirect },
    ],
    expected: (context) => {
      const { before, certificates } = context
      const extensions = [`*.example.net:${certificates[0]}`, `shop.example.com:${certificates[1]}`]
      return {
        ...before,
        groups: { ...before.groups, [SAFE]: [] },
        listeners: { ...before.listeners, [KEY]: { ...running(safe(context), SAFE), extensions }, [FROM]: running(redirect, 'none') },
      }
    },
  },
  {
    name: 'gives a name another certificate, and keeps the other names',
    changes: (context) => [
      { kind: 'updateExtension', key: KEY, extension: found(context, 'shop.example.com'), certificate: context.certificates[0] },
    ],
    expected: (context) =>
      withListener(context, KEY, { extensions: ['*.example.net', 'shop.example.com'].map((name) => `${name}:${context.certificates[0]}`) }),
  },
  settingsStep('gives the listener another certificate', ({ certificates }) => withCertificate(certificates[1])),
  settingsStep('switches http 2 off and old ciphers, too', ({ certificates }) =>
    withCertificate(certificates[1], { 'http2-enabled': 'off', 'tls-cipher-policy': 'tls_cipher_policy_1_2_strict' }),
  ),
  {
    name: 'takes a name away, once and again',
    changes: (context) => {
      const gone: Change = { kind: 'deleteExtension', key: KEY, extension: found(context, '*.example.net') }
      return [gone, gone]
    },
    expected: (context) => withListener(context, KEY, { extensions: [`shop.example.com:${context.certificates[0]}`] }),
  },
  {
    name: 'routes by rules on https as well',
    changes: (context) => [
      { kind: 'createRules', ...place, rules: [{ name: 'r', domain: '', url: '/x', group: refOf(context, SAFE), settings: undefined }] },
    ],
    expected: (context) => withListener(context, KEY, { rules: [{ name: 'r', domain: '', url: '/x', group: SAFE, settings: undefined }] }),
  },
  {
    name: 'deletes a redirect, what it led to, and everything on that',
    changes: (context) => [remove(FROM, 'http'), remove(KEY, 'https'), { kind: 'deleteGroup', group: refOf(context, SAFE), name: SAFE }],
    expected: ({ before }) => {
      const { [KEY]: _listener, [FROM]: _redirect, ...listeners } = before.listeners
      const { [SAFE]: _group, ...groups } = before.groups
      return { ...before, listeners, groups }
    },
  },
]
