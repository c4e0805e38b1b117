// What people hand over: configuration, stack files, certificates. Mistakes come back as words, all at once, and never as a stack trace.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkPair } from '../../src/certificates/check.ts'
import { SETTING_KEYS, SETTINGS } from '../../src/config/settings.ts'
import { ConfigError, readConfig, unknownVariables } from '../../src/config.ts'
import { planStack } from '../../src/stack/plan.ts'
import { readStack } from '../../src/stack-file.ts'
import { LABEL_RULES } from './ground.ts'
import { fuzz } from './measure.ts'
import { anyRecord, anyText, like } from './texts.ts'

const NAMES = SETTING_KEYS.flatMap((key) => SETTINGS[key].env)
const VALUES = [
  'lb-1',
  'front,lb-2',
  '30s',
  '1m30s',
  '0',
  'true',
  'off',
  '25%',
  '5,10%',
  '80,443,8000-9000',
  'cn-hangzhou',
  '127.0.0.1:9000',
  '[::]:80',
  'http://127.0.0.1:1',
  'team=web',
  '-1',
  'constructor',
  '__proto__',
  'node.role==worker',
  'http:80,https:443',
]
const SECRET = 'S3cretS3cretS3cretS3cretS3cret'

test('any environment is a configuration, or ConfigError with all that is wrong with it', async () => {
  await fuzz({
    name: 'configuration',
    inputs: fc.record({
      env: anyRecord(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...NAMES) }, like('SLB_ID', 'SLB_ALLOW_FILE')), like(...VALUES), 12),
      good: fc.boolean(),
    }),
    count: 8000,
    declared: (error) =>
      error instanceof ConfigError && error.problems.every((problem) => problem.length < 25_000 && !problem.includes(SECRET)),
    run: ({ env, good }) => {
      const base = {
        SLB_ID: 'lb-1',
        ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
        ALIBABA_CLOUD_ACCESS_KEY_ID: 'id',
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: SECRET,
      }
      // Files are not opened here: what a name of one may be is a matter of the file system.
      const safe = Object.fromEntries(Object.entries(env).filter(([name]) => !name.endsWith('_FILE')))
      unknownVariables(env)
      const config = readConfig({ env: good ? { ...base, ...safe } : safe, flags: {} })
      expect(JSON.stringify(config)).not.toContain(SECRET)
    },
  })
})

const STACK = `services:
  web:
    image: nginx
    ports: ["80", "8080:80/tcp", "\${PORT:-443}:443"]
    deploy: &d
      labels:
        slb.port.80: http://:8080
  api:
    ports:
      - target: 80
        published: 9090
        mode: host
    deploy:
      <<: *d
      mode: global
`
const PARTS = [
  'services:',
  '\n',
  '  web:',
  '    ports:',
  '      - "80:80"',
  '    deploy: {labels: [a=b]}',
  '&a ',
  '*a',
  '<<: *a',
  '!!js/function x',
  '? [',
  '{',
  '}',
  '[',
  ']',
  '|',
  '>',
  '"',
  "'",
  '# ',
  '---\n',
  '\t',
  '__proto__:',
  'constructor: {}',
  '$' + '{A',
  '$' + '{A:?x}',
  '$$',
  'null',
  '1e999',
  '0x50',
  '80-90:80-90',
]

test('any text is a stack file, or one with problems', async () => {
  await fuzz({
    name: 'stack files',
    inputs: fc.oneof(
      like(STACK),
      fc.array(fc.oneof(fc.constantFrom(...PARTS), anyText), { maxLength: 12 }).map((parts) => parts.join('')),
      fc.array(fc.constantFrom(...PARTS), { maxLength: 25 }).map((parts) => parts.join('\n')),
    ),
    count: 8000,
    run: (text) => {
      const stack = readStack([{ path: 'stack.yml', text }], { PORT: '8443', __proto__: 'x' }, 'shop')
      const report = planStack(stack, { labels: LABEL_RULES, defaults: ['lb-1'] }, undefined)
      expect(stack.services.length).toBeLessThan(2000)
      return { size: JSON.stringify(report).length, most: 4_000_000 }
    },
  })
})

const BASE64 = fc.base64String({ maxLength: 400 })
const block = fc
  .tuple(
    fc.constantFrom('CERTIFICATE', 'PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'),
    fc.oneof(BASE64, anyText),
    fc.boolean(),
  )
  .map(([kind, body, ends]) => `-----BEGIN ${kind}-----\n${body}\n${ends ? `-----END ${kind}-----` : ''}\n`)
const pem = fc.oneof(
  fc.array(block, { maxLength: 4 }).map((all) => all.join('')),
  fc.array(fc.oneof(block, anyText), { maxLength: 4 }).map((all) => all.join('')),
  anyText,
)

test('any two texts are a certificate and its key, or a fault without any part of them', async () => {
  await fuzz({
    name: 'certificates',
    inputs: fc.tuple(pem, pem),
    count: 8000,
    run: ([certificate, key]) => {
      const checked = checkPair(certificate, key)
      if (checked.status === 'faulty') return { size: checked.text.length, most: 120 }
      return undefined
    },
  })
})
