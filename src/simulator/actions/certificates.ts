// Server and CA certificates. What an answer says about one is read from its PEM text.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { ApiError, invalid } from '../gateway/api-error.ts'
import { need, type Params, tags, text } from '../gateway/params.ts'
import { isoTime, newId } from '../ids.ts'
import type { Certificate, World } from '../world.ts'
import type { Actions, Body, Call } from './call.ts'
import { hasTags, newTags, wrappedTags } from './tag-values.ts'

type Authority = World['caCertificates'][number]

function uploadServerCertificate({ params, world, settings, now }: Call): Body {
  if (text(params, 'AliCloudCertificateId') !== undefined) throw new ApiError('InvalidParameter.AliCloudCertificateId')
  const [pem, key] = [text(params, 'ServerCertificate'), text(params, 'PrivateKey')]
  if (pem === undefined || key === undefined) throw invalid('The specified parameter ServerCertificate or Key is empty.')
  const parsed = parse(pem)
  checkKey(parsed, key)
  if (world.certificates.length >= settings.quotas.certificates) throw new ApiError('TooManyCertificates')
  const id = `${world.accountId}_${newId('cert').slice(5)}`
  const certificate: Certificate = {
    id,
    name: text(params, 'ServerCertificateName') ?? id,
    certificate: pem,
    privateKey: key,
    resourceGroupId: text(params, 'ResourceGroupId') ?? 'rg-acfmx0000000001',
    createdAt: isoTime(now),
    tags: newTags(params, settings),
  }
  world.certificates.push(certificate)
  return serverRow(world, certificate)
}

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new ApiError('CertificateFormatInvalid')
  }
}

function checkKey(certificate: X509Certificate, pem: string): void {
  let matches: boolean
  try {
    matches = certificate.checkPrivateKey(createPrivateKey(pem))
  } catch {
    throw invalid('The specified parameter ServerCertificate format is error.')
  }
  if (!matches) throw new ApiError('CertificateNotMatchPrivateKey')
}

/** A state file may hold any text; it must not break the list. */
function facts(pem: string) {
  const parsed = tryParse(pem)
  const expires = parsed === undefined ? 0 : Date.parse(parsed.validTo)
  return {
    CommonName: /(?:^|\n)CN=([^\n]+)/.exec(parsed?.subject ?? '')?.[1] ?? '',
    Fingerprint: parsed?.fingerprint.toLowerCase() ?? '',
    ExpireTime: isoTime(expires),
    ExpireTimeStamp: expires,
    names: [...(parsed?.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map((match) => match[1] ?? ''),
  }
}

function tryParse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function serverRow(world: World, certificate: Certificate) {
  const { names, ...known } = facts(certificate.certificate)
  return {
    ServerCertificateId: certificate.id,
    ServerCertificateName: certificate.name,
    ...known,
    CreateTime: certificate.createdAt,
    CreateTimeStamp: Date.parse(certificate.createdAt),
    IsAliCloudCertificate: 0,
    AliCloudCertificateId: '',
    AliCloudCertificateName: '',
    RegionId: world.regionId,
    ResourceGroupId: certificate.resourceGroupId,
    SubjectAlternativeNames: { SubjectAlternativeName: names },
  }
}

function describeServerCertificates({ params, world }: Call): Body {
  const rows = filtered(world.certificates, params, 'ServerCertificateId').map((each) => ({
    ...serverRow(world, each),
    Tags: wrappedTags(each.tags),
  }))
  return { ServerCertificates: { ServerCertificate: rows } }
}

function filtered<C extends Authority>(all: readonly C[], params: Params, idName: string): C[] {
  const [id, group, filters] = [text(params, idName), text(params, 'ResourceGroupId'), tags(params)]
  return all.filter(
    (each) =>
      (id === undefined || each.id === id) && (group === undefined || each.resourceGroupId === group) && hasTags(each.tags, filters),
  )
}

const named = <C extends Authority>(all: readonly C[], id: string): C => {
  const found = all.find((each) => each.id === id)
  if (found === undefined) throw new ApiError('CertificateNotExist')
  return found
}

function setServerCertificateName({ params, world }: Call): Body {
  named(world.certificates, need(params, 'ServerCertificateId')).name = need(params, 'ServerCertificateName')
  return {}
}

function deleteServerCertificate({ params, world }: Call): Body {
  const { id } = named(world.certificates, need(params, 'ServerCertificateId'))
  const listeners = world.loadBalancers.flatMap((each) => each.listeners)
  if (listeners.some(({ config }) => config['ServerCertificateId'] === id)) throw new ApiError('CertificateAndPrivateKeyIsRefered')
  if (listeners.some(({ domainExtensions }) => domainExtensions.some(({ certificateId }) => certificateId === id))) {
    throw new ApiError('CertificateRelatedDomainExtensionExist')
  }
  world.certificates = world.certificates.filter((each) => each.id !== id)
  return {}
}

function uploadCACertificate({ params, world, settings, now }: Call): Body {
  const pem = need(params, 'CACertificate')
  parse(pem)
  if (world.caCertificates.length >= settings.quotas.certificates) throw new ApiError('TooManyCertificates')
  const id = `${world.accountId}_${newId('ca').slice(3)}`
  const authority: Authority = {
    id,
    name: text(params, 'CACertificateName') ?? id,
    certificate: pem,
    resourceGroupId: text(params, 'ResourceGroupId') ?? 'rg-acfmx0000000001',
    createdAt: isoTime(now),
    tags: newTags(params, settings),
  }
  world.caCertificates.push(authority)
  return authorityRow(authority)
}

function authorityRow(authority: Authority) {
  const { names: _names, ...known } = facts(authority.certificate)
  return {
    CACertificateId: authority.id,
    CACertificateName: authority.name,
    ...known,
    CreateTime: authority.createdAt,
    CreateTimeStamp: Date.parse(authority.createdAt),
    ResourceGroupId: authority.resourceGroupId,
  }
}

function describeCACertificates({ params, world }: Call): Body {
  const rows = filtered(world.caCertificates, params, 'CACertificateId').map((each) => ({
    ...authorityRow(each),
    RegionId: world.regionId,
    Tags: wrappedTags(each.tags),
  }))
  return { CACertificates: { CACertificate: rows } }
}

function setCACertificateName({ params, world }: Call): Body {
  named(world.caCertificates, need(params, 'CACertificateId')).name = need(params, 'CACertificateName')
  return {}
}

function deleteCACertificate({ params, world }: Call): Body {
  const { id } = named(world.caCertificates, need(params, 'CACertificateId'))
  const used = world.loadBalancers.some(({ listeners }) => listeners.some(({ config }) => config['CACertificateId'] === id))
  if (used) throw new ApiError('CertificateAndPrivateKeyIsRefered')
  world.caCertificates = world.caCertificates.filter((each) => each.id !== id)
  return {}
}

export const certificateActions: Actions = {
  UploadServerCertificate: uploadServerCertificate,
  DescribeServerCertificates: describeServerCertificates,
  SetServerCertificateName: setServerCertificateName,
  DeleteServerCertificate: deleteServerCertificate,
  UploadCACertificate: uploadCACertificate,
  DescribeCACertificates: describeCACertificates,
  SetCACertificateName: setCACertificateName,
  DeleteCACertificate: deleteCACertificate,
}
