// Joins the parts of the cloud edge: credentials, metadata, rate limits, one client a product. Nothing else constructs them.

import { type CertificateStore, createCertificateStore } from './certificates/files.ts'
import type { Secret } from './config/secret.ts'
import type { Config } from './config.ts'
import { hide, type Logger } from './log.ts'
import { type BucketOptions, createBuckets } from './providers/aliyun/buckets.ts'
import { createClbProvider } from './providers/aliyun/clb/provider.ts'
import { chooseCredentials } from './providers/aliyun/credential-choice.ts'
import { type CredentialsConfig, createCredentials } from './providers/aliyun/credentials.ts'
import { createInstances, type Instances } from './providers/aliyun/instances.ts'
import { createMetadata, type Metadata } from './providers/aliyun/metadata.ts'
import { createRpc, type RpcEvent, type RpcOptions } from './providers/aliyun/rpc.ts'
import type { Provider } from './providers/provider.ts'

export type CloudOptions = {
  readonly log: Logger
  readonly userAgent: string
  /** Asked right before every attempt of a write. */
  readonly mayWrite: () => Promise<boolean>
  readonly observe?: (event: RpcEvent) => void
  /** For tests and measurements: other waits, or no rate limit. */
  readonly rpc?: Pick<RpcOptions, 'timeouts' | 'waits'>
  readonly buckets?: Partial<BucketOptions>
  readonly now?: () => number
}

export interface Cloud {
  readonly provider: Provider
  readonly instances: Instances
  /** Certificates that are uploaded come from here. */
  readonly certificates: CertificateStore
  close(): void
}

const CLB_VERSION = '2014-05-15'
const ECS_VERSION = '2014-05-26'

const secretOf = (secret: Secret) => (secret.file === undefined ? secret : { file: secret.file })

function credentialsOf({ accessKey, vendorEnv, regionId, network }: Config, metadata: Metadata): CredentialsConfig {
  const { id, secret, token } = accessKey ?? {}
  const key = id && secret ? { id: secretOf(id), secret: secretOf(secret), token: token && secretOf(token) } : undefined
  return chooseCredentials({ accessKey: key, env: vendorEnv, metadata, regionId, network })
}

export function connectCloud(config: Config, options: CloudOptions): Cloud {
  const metadata = createMetadata({ endpoint: config.metadataEndpoint })
  const credentials = createCredentials(credentialsOf(config, metadata))
  const shared = {
    regionId: config.regionId,
    credentials: async () => {
      const used = await credentials.get()
      hide(options.log, Object.values(used))
      return used
    },
    dropCredentials: credentials.invalidate,
    userAgent: options.userAgent,
    ...options.rpc,
    buckets: createBuckets({ share: config.apiShare, ...options.buckets }),
    mayWrite: options.mayWrite,
    observe: options.observe,
  }
  const slb = createRpc({ ...shared, product: 'slb', endpoint: config.slbEndpoint, apiVersion: CLB_VERSION })
  const ecs = createRpc({ ...shared, product: 'ecs', endpoint: config.ecsEndpoint, apiVersion: ECS_VERSION })
  const vpcId = async () => config.vpcId ?? (await metadata.vpcId(AbortSignal.timeout(5000)))
  const certificates = createCertificateStore({ directory: config.certDir })
  return {
    certificates,
    provider: createClbProvider({ rpc: slb, log: options.log, readPem: certificates.readPem }),
    instances: createInstances({ rpc: ecs, vpcId, ...(options.now === undefined ? {} : { now: options.now }) }),
    close: () => {
      slb.close()
      ecs.close()
    },
  }
}
