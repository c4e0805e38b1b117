// The places credentials are read from. Each load starts anew: the library's provider objects do not recover from a first failure.
import { readFile, stat } from 'node:fs/promises'
import type { Credentials } from './credentials.ts'
import { type Metadata, MetadataError } from './metadata.ts'

/** A value, something that gives it out, or a file that holds it and is read again when it changes. */
export type Secret = string | { reveal(): string } | { readonly file: string }

export type CredentialsConfig =
  | { readonly kind: 'static'; readonly accessKeyId: Secret; readonly accessKeySecret: Secret; readonly securityToken?: Secret | undefined }
  | { readonly kind: 'instanceRole'; readonly metadata: Metadata; readonly role?: string | undefined }
  | {
      readonly kind: 'oidc'
      readonly roleArn: string
      readonly providerArn: string
      readonly tokenFile: string
      readonly sessionName?: string | undefined
      /** Host name only: the library adds https://. */
      readonly stsHost: string
    }
  /** A section of ALIBABA_CLOUD_CREDENTIALS_FILE, or of ~/.alibabacloud/credentials. */
  | { readonly kind: 'profile'; readonly name: string }
  | { readonly kind: 'uri'; readonly uri: string }

export type Session = {
  readonly credentials: Credentials
  /** Epoch milliseconds; undefined: never ends. */
  readonly expiresAt: number | undefined
}

export interface Source {
  load(): Promise<Session>
  /** Changes when what `load` reads has changed. */
  stamp(): Promise<string>
}

/** Says which source failed and with which code, never what it answered. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError'
}

export function createSource(config: CredentialsConfig, now: () => number): Source {
  const load = loader(config, now)
  const files = config.kind === 'static' ? [config.accessKeyId, config.accessKeySecret, config.securityToken].filter(isFile) : []
  return {
    async stamp() {
      const stamps = await Promise.all(files.map(({ file }) => stampOf(file)))
      return stamps.join(' ')
    },
    async load() {
      try {
        return await load()
      } catch (error) {
        throw new CredentialsError(`no credentials from ${config.kind}: ${reason(error)}`)
      }
    },
  }
}

function loader(config: CredentialsConfig, now: () => number): () => Promise<Session> {
  switch (config.kind) {
    case 'static':
      return () => readStatic(config)
    case 'instanceRole':
      return async () => {
        const { expiresAt, ...credentials } = await config.metadata.roleCredentials(config.role, new AbortController().signal)
        return { credentials, expiresAt }
      }
    case 'oidc':
      return async () => {
        const { OIDCRoleArnCredentialsProvider } = await import('@alicloud/credentials')
        const builder = OIDCRoleArnCredentialsProvider.builder()
          .withRoleArn(config.roleArn)
          .withOIDCProviderArn(config.providerArn)
          .withOIDCTokenFilePath(config.tokenFile)
          .withRoleSessionName(config.sessionName ?? 'swarm-slb')
          .withStsEndpoint(config.stsHost)
        return fromLibrary(await builder.build().getSession(), now)
      }
    case 'uri':
      return async () => {
        const { URICredentialsProvider } = await import('@alicloud/credentials')
        return fromLibrary(await URICredentialsProvider.builder().withCredentialsURI(config.uri).build().getSession(), now)
      }
    case 'profile':
      return async () => {
        const { ProfileCredentialsProvider } = await import('@alicloud/credentials')
        return fromLibrary(await ProfileCredentialsProvider.builder().withProfileName(config.name).build().getCredentials(), now)
      }
  }
}

async function readStatic(config: Extract<CredentialsConfig, { kind: 'static' }>): Promise<Session> {
  const [accessKeyId, accessKeySecret, securityToken] = await Promise.all([
    read(config.accessKeyId),
    read(config.accessKeySecret),
    config.securityToken === undefined ? undefined : read(config.securityToken),
  ])
  return { credentials: { accessKeyId, accessKeySecret, ...(securityToken === undefined ? {} : { securityToken }) }, expiresAt: undefined }
}

async function read(secret: Secret): Promise<string> {
  if (typeof secret === 'string') return secret
  if (!isFile(secret)) return secret.reveal()
  const value = (
    await readFile(secret.file, 'utf8').catch((error: unknown) => {
      throw new CredentialsError(`${secret.file}: ${reason(error)}`)
    })
  ).trim()
  if (value === '') throw new CredentialsError(`${secret.file} is empty`)
  return value
}

const isFile = (secret: Secret | undefined): secret is { readonly file: string } =>
  typeof secret === 'object' && 'file' in secret && secret.file !== undefined

/** A missing file has a stamp too: it shows when the file is back. */
async function stampOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined)
  return found === undefined ? 'missing' : `${found.mtimeMs}/${found.size}/${found.ino}`
}

/** STS gives no session for less than 15 minutes: that is assumed where the library does not tell the end. */
const SHORTEST_SESSION_MS = 900_000

type FromLibrary = {
  readonly accessKeyId?: string
  readonly accessKeySecret?: string
  readonly securityToken?: string
  readonly expiration?: string
}

function fromLibrary({ accessKeyId, accessKeySecret, securityToken, expiration }: FromLibrary, now: () => number): Session {
  if (!accessKeyId || !accessKeySecret) throw new CredentialsError('the answer holds no key')
  if (!securityToken) return { credentials: { accessKeyId, accessKeySecret }, expiresAt: undefined }
  const told = Date.parse(expiration ?? '')
  return {
    credentials: { accessKeyId, accessKeySecret, securityToken },
    expiresAt: Number.isNaN(told) ? now() + SHORTEST_SESSION_MS : told,
  }
}

/** The library quotes whole answers, keys included: only a code is taken from its messages. */
function reason(error: unknown): string {
  if (error instanceof CredentialsError || error instanceof MetadataError) return error.message
  if (!(error instanceof Error)) return 'unexpected answer'
  if ('code' in error && /^[A-Z_]{1,40}$/.test(String(error.code))) return String(error.code)
  const code = /"Code"\s*:\s*"([\w.]{1,80})"/.exec(error.message)?.[1] ?? /httpStatus: (\d{3})\b/.exec(error.message)?.[1]
  return code ?? (/^Can not find credential type/.test(error.message) ? 'no such section, or a section without type' : 'unexpected answer')
}
