// What only http and https listeners have, redirects, certificates and TLS among it: rows of the table of options.
import { CERTIFICATE_FORM, EXTENSIONS_FORM, parseCaCertificate, parseCertificate, parseExtensions } from './id-labels.ts'
import { L7, ON_OFF, type OptionSpec } from './option-spec.ts'

export const HTTP_ROWS = {
  gzip: { type: 'enum', values: ON_OFF, protocols: L7, default: 'on', help: 'compresses answers of the usual text types' },
  xforwardedfor: { type: 'enum', values: ON_OFF, protocols: L7, default: 'on', help: "X-Forwarded-For header with the client's address" },
  'xforwardedfor-proto': {
    type: 'enum',
    values: ON_OFF,
    protocols: L7,
    default: 'off',
    help: 'X-Forwarded-Proto header with http or https',
  },
  'xforwardedfor-slbport': {
    type: 'enum',
    values: ON_OFF,
    protocols: L7,
    default: 'off',
    help: 'X-Forwarded-Port header with the port of the listener',
  },
  'xforwardedfor-clientsrcport': {
    type: 'enum',
    values: ON_OFF,
    protocols: L7,
    default: 'off',
    help: "X-Forwarded-Client-srcport header with the client's port",
  },
  'xforwardedfor-slbid': {
    type: 'enum',
    values: ON_OFF,
    protocols: L7,
    default: 'off',
    help: 'SLB-ID header with the id of the load balancer',
  },
  'xforwardedfor-slbip': { type: 'enum', values: ON_OFF, protocols: L7, default: 'off', help: 'SLB-IP header with its address' },
  'forward-port': {
    type: 'int',
    min: 1,
    max: 65535,
    protocols: ['http'],
    default: undefined,
    help: 'the listener only redirects to this https listener of its load balancer; nothing else can be set on it',
  },
  'cert-id': {
    type: 'form',
    parse: parseCertificate,
    expected: CERTIFICATE_FORM,
    protocols: ['https'],
    default: undefined,
    help: 'certificate of the listener; needed, except beside rules',
  },
  'ca-cert-id': {
    type: 'form',
    parse: parseCaCertificate,
    expected: 'the id of a CA certificate',
    protocols: ['https'],
    default: '',
    help: 'clients must show a certificate that this one has signed (mutual TLS)',
  },
  'domain-extensions': {
    type: 'form',
    parse: parseExtensions,
    expected: EXTENSIONS_FORM,
    protocols: ['https'],
    default: '',
    help: 'further certificates, chosen by the host that the client asks for (SNI)',
  },
  'tls-cipher-policy': {
    type: 'text',
    pattern: /^(tls_cipher_policy_1_[012]|tls_cipher_policy_1_2_strict(_with_1_3)?|tls-[A-Za-z0-9]{1,60})$/,
    expected: 'tls_cipher_policy_1_0, _1_1, _1_2, _1_2_strict or _1_2_strict_with_1_3, or the id of a policy of your own',
    protocols: ['https'],
    default: 'tls_cipher_policy_1_0',
    help: 'versions and ciphers of TLS; other than the default not on shared load balancers',
  },
  'http2-enabled': { type: 'enum', values: ON_OFF, protocols: ['https'], default: 'on', help: 'HTTP/2 for clients that speak it' },
} as const satisfies Record<string, OptionSpec>
