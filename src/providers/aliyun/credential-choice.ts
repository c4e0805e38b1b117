// Which source of credentials an environment asks for. The first that is set counts; on a bare instance that is its RAM role.
import type { CredentialsConfig, Secret } from './credential-sources.ts'
import { endpointOf, type Network } from './endpoints.ts'
import type { Metadata } from './metadata.ts'

export type Choice = {
  readonly accessKey?: { readonly id: Secret; readonly secret: Secret; readonly token?: Secret | undefined } | undefined
  /** Read for the variables of the vendor's credential library: ALIBABA_CLOUD_… */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly metadata: Metadata
  readonly regionId: string
  readonly network: Network
}

export function chooseCredentials({ accessKey, env, metadata, regionId, network }: Choice): CredentialsConfig {
  if (accessKey !== undefined) {
    return { kind: 'static', accessKeyId: accessKey.id, accessKeySecret: accessKey.secret, securityToken: accessKey.token }
  }
  const set = (name: string) => env[`ALIBABA_CLOUD_${name}`] || undefined
  const [roleArn, providerArn, tokenFile] = [set('ROLE_ARN'), set('OIDC_PROVIDER_ARN'), set('OIDC_TOKEN_FILE')]
  if (roleArn !== undefined && providerArn !== undefined && tokenFile !== undefined) {
    const stsHost = endpointOf('sts', regionId, network).replace('https://', '')
    return { kind: 'oidc', roleArn, providerArn, tokenFile, sessionName: set('ROLE_SESSION_NAME'), stsHost }
  }
  const uri = set('CREDENTIALS_URI')
  if (uri !== undefined) return { kind: 'uri', uri }
  const profile = set('PROFILE')
  if (profile !== undefined || set('CREDENTIALS_FILE') !== undefined) return { kind: 'profile', name: profile ?? 'default' }
  return { kind: 'instanceRole', metadata, role: set('ECS_METADATA') }
}
