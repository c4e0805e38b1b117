import { describe, expect, test } from 'vitest'
import { ok, refusal } from './client.ts'
import { selfSigned } from './dataplane/certificate.ts'
import { LB, port, simulate, theListener } from './support.ts'

const [www, other] = [selfSigned('www.example.com'), selfSigned('other.example.com')]

async function withHttps() {
  const simulator = await simulate()
  const { ServerCertificateId } = await ok(simulator, 'UploadServerCertificate', { ServerCertificate: www.cert, PrivateKey: www.key })
  const https = { ...LB, ListenerPort: 443, HealthCheck: 'off', Bandwidth: -1, BackendServerPort: 1 }
  await ok(simulator, 'CreateLoadBalancerHTTPSListener', { ...https, ServerCertificateId })
  return { simulator, ServerCertificateId, https }
}

describe('server certificates', () => {
  test('are read from their text; the key is never shown or logged', async () => {
    const simulator = await simulate()
    const uploaded = await ok(simulator, 'UploadServerCertificate', {
      ServerCertificate: www.cert,
      PrivateKey: www.key,
      ServerCertificateName: 'n',
    })
    expect(uploaded).toMatchObject({
      CommonName: 'www.example.com',
      ServerCertificateName: 'n',
      ExpireTime: '2049-12-31T23:59:59Z',
      IsAliCloudCertificate: 0,
      SubjectAlternativeNames: { SubjectAlternativeName: ['www.example.com'] },
    })
    const listed = await ok(simulator, 'DescribeServerCertificates', { ServerCertificateId: uploaded.ServerCertificateId })
    expect(listed.ServerCertificates.ServerCertificate).toHaveLength(1)
    expect(JSON.stringify([listed, simulator.requests.entries()])).not.toContain('PRIVATE KEY')
  })

  test('a TLS policy must be known', async () => {
    const { simulator } = await withHttps()
    const set = (TLSCipherPolicy: string) => port(443, { TLSCipherPolicy })
    await ok(simulator, 'SetLoadBalancerHTTPSListenerAttribute', set('tls_cipher_policy_1_2'))
    expect(await refusal(simulator, 'SetLoadBalancerHTTPSListenerAttribute', set('tls-none'))).toBe('400 InvalidTLSPolicyId.NotExist')
    const created = await ok(simulator, 'CreateTLSCipherPolicy', { Name: 'p', 'Ciphers.1': 'AES128-SHA', 'TLSVersions.1': 'TLSv1.2' })
    await ok(simulator, 'SetLoadBalancerHTTPSListenerAttribute', set(created.TLSCipherPolicyId))
    expect(await refusal(simulator, 'DeleteTLSCipherPolicy', created)).toBe('400 TLSPolicyRelated')
  })

  test('CA certificates make mutual TLS and are held by their listener', async () => {
    const { simulator } = await withHttps()
    const { CACertificateId } = await ok(simulator, 'UploadCACertificate', { CACertificate: other.cert })
    await ok(simulator, 'SetLoadBalancerHTTPSListenerAttribute', port(443, { CACertificateId }))
    expect(await refusal(simulator, 'DeleteCACertificate', { CACertificateId })).toBe('400 CertificateAndPrivateKeyIsRefered')
  })
})

describe('domain extensions', () => {
  test('are created, changed and deleted, three at most', async () => {
    const { simulator, ServerCertificateId } = await withHttps()
    const add = (Domain: string) => port(443, { Domain, ServerCertificateId })
    const { DomainExtensionId } = await ok(simulator, 'CreateDomainExtension', add('a.example.com'))
    expect(await refusal(simulator, 'CreateDomainExtension', add('a.example.com'))).toBe('400 InvalidParameter.Domain')
    await ok(simulator, 'CreateDomainExtension', add('b.example.com'))
    await ok(simulator, 'CreateDomainExtension', add('*.example.com'))
    expect(await refusal(simulator, 'CreateDomainExtension', add('d.example.com'))).toBe('400 DomainExtensionNumberOverLimit')
    const second = await ok(simulator, 'UploadServerCertificate', { ServerCertificate: other.cert, PrivateKey: other.key })
    await ok(simulator, 'SetDomainExtensionAttribute', { DomainExtensionId, ServerCertificateId: second.ServerCertificateId })
    expect(theListener(simulator, 443).domainExtensions[0]).toMatchObject({ certificateId: second.ServerCertificateId })
    expect(await refusal(simulator, 'DeleteServerCertificate', second)).toBe('400 CertificateRelatedDomainExtensionExist')
    await ok(simulator, 'DeleteDomainExtension', { DomainExtensionId })
    expect(await refusal(simulator, 'DescribeDomainExtensionAttribute', { DomainExtensionId })).toBe(
      '400 InvalidParameter.DomainExtensionId',
    )
  })
})
