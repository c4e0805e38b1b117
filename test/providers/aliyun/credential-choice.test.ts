import { expect, test } from 'vitest'
import { chooseCredentials } from '../../../src/providers/aliyun/credential-choice.ts'
import { createMetadata } from '../../../src/providers/aliyun/metadata.ts'

const oidc = { ALIBABA_CLOUD_ROLE_ARN: 'r', ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'p', ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/f' }
const uri = { ALIBABA_CLOUD_CREDENTIALS_URI: 'http://127.0.0.1/c' }

test.each([
  {
    name: 'an access key goes before all',
    accessKey: { id: 'a', secret: 's' },
    env: { ...oidc, ...uri },
    chosen: { kind: 'static', accessKeyId: 'a' },
  },
  { name: 'a role with an OIDC token', env: { ...oidc, ...uri }, chosen: { kind: 'oidc', stsHost: 'sts-vpc.cn-test.aliyuncs.com' } },
  { name: 'a role without its token file is none', env: { ...oidc, ALIBABA_CLOUD_OIDC_TOKEN_FILE: '' }, chosen: { kind: 'instanceRole' } },
  { name: 'a URI', env: uri, chosen: { kind: 'uri', uri: 'http://127.0.0.1/c' } },
  { name: 'a named profile', env: { ALIBABA_CLOUD_PROFILE: 'work' }, chosen: { kind: 'profile', name: 'work' } },
  { name: 'a credentials file', env: { ALIBABA_CLOUD_CREDENTIALS_FILE: '/c' }, chosen: { kind: 'profile', name: 'default' } },
  { name: "the instance's role", env: {}, chosen: { kind: 'instanceRole', role: undefined } },
  { name: "the instance's role by name", env: { ALIBABA_CLOUD_ECS_METADATA: 'r' }, chosen: { kind: 'instanceRole', role: 'r' } },
])('$name', ({ accessKey, env, chosen }) => {
  expect(chooseCredentials({ accessKey, env, metadata: createMetadata(), regionId: 'cn-test', network: 'vpc' })).toMatchObject(chosen)
})
