// Secrets that lie in files may be rotated: the configuration hands on where they came from.
import { expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'

test('a secret read from a file knows its file, one from a variable does not', () => {
  const env = {
    SLB_ID: 'lb-1',
    ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'key',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE: '/run/secrets/key',
  }
  const { accessKey } = readConfig({ env, flags: {}, readFile: () => 'value\n' })
  expect(accessKey?.secret.file).toBe('/run/secrets/key')
  expect(accessKey?.secret.reveal()).toBe('value')
  expect(accessKey?.id.file).toBeUndefined()
})
