// Statements about what needs a certificate: https listeners, further certificates by host, and redirects.
import { describe, expect, test } from 'vitest'
import { NAME } from '../../scripts/verify/leftovers.ts'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { type Api, member } from './api-statements.ts'

const [shop, other] = [selfSigned('shop.example.com', { rsa: true }), selfSigned('other.example.com', { rsa: true })]

const uploaded = async ({ ok }: Api, { cert, key }: { readonly cert: string; readonly key: string }): Promise<string> =>
  (await ok('UploadServerCertificate', { ServerCertificateName: NAME, ServerCertificate: cert, PrivateKey: key })).ServerCertificateId

/** An https listener with a certificate of its own. */
async function secured(api: Api, ListenerPort: number) {
  const ServerCertificateId = await uploaded(api, shop)
  const https = api.http(ListenerPort, { Bandwidth: -1, HealthCheck: 'off' })
  await api.ok('CreateLoadBalancerHTTPSListener', { ...https, ServerCertificateId })
  return { ServerCertificateId, https, at: (more = {}) => api.on({ ListenerPort, ...more }) }
}

export function httpsStatements(its: () => Api): void {
  test.each([
    ['no certificate', { ServerCertificate: 'x', PrivateKey: shop.key }, 'CertificateFormatInvalid'],
    ['the key of another', { ServerCertificate: shop.cert, PrivateKey: other.key }, 'CertificateNotMatchPrivateKey'],
    ['no key', { ServerCertificate: shop.cert }, 'InvalidParameter'],
  ])('a certificate is refused with %s', async (_, params, code) => {
    expect(await its().refusal('UploadServerCertificate', { ServerCertificateName: NAME, ...params })).toBe(`400 ${code}`)
  })

  describe('an https listener', () => {
    test('needs a certificate that is there, holds it, and knows its policies', async () => {
      const api = its()
      const { ServerCertificateId, https, at } = await secured(api, 8070)
      const another = { ...https, ListenerPort: 8071 }
      expect(await api.refusal('CreateLoadBalancerHTTPSListener', another)).toBe('400 MissingParam.ServerCertificates')
      const unknown = { ...another, ServerCertificateId: 'x' }
      expect(await api.refusal('CreateLoadBalancerHTTPSListener', unknown)).toBe('400 CertificateNotExist')
      expect(await api.refusal('DeleteServerCertificate', { ServerCertificateId })).toBe('400 CertificateAndPrivateKeyIsRefered')
      const policy = at({ TLSCipherPolicy: 'tls-none' })
      expect(await api.refusal('SetLoadBalancerHTTPSListenerAttribute', policy)).toBe('400 InvalidTLSPolicyId.NotExist')
    })

    test('has further certificates, one a domain, which hold theirs and are held by rules', async () => {
      const api = its()
      const { ServerCertificateId, at } = await secured(api, 8072)
      const add = at({ Domain: 'a.example.com', ServerCertificateId })
      const { DomainExtensionId } = await api.ok('CreateDomainExtension', add)
      expect(await api.refusal('CreateDomainExtension', add)).toBe('400 InvalidParameter.Domain')
      const second = await uploaded(api, other)
      await api.ok('SetDomainExtensionAttribute', { DomainExtensionId, ServerCertificateId: second })
      const { DomainExtensions } = await api.read('DescribeDomainExtensions', at())
      expect(DomainExtensions.DomainExtension).toEqual([{ Domain: 'a.example.com', DomainExtensionId, ServerCertificateId: second }])
      const inUse = await api.refusal('DeleteServerCertificate', { ServerCertificateId: second })
      expect(inUse).toBe('400 CertificateRelatedDomainExtensionExist')
      const VServerGroupId = await api.group(member(api.first))
      const RuleList = JSON.stringify([{ RuleName: 'r', Domain: 'a.example.com', VServerGroupId }])
      const { Rules } = await api.ok('CreateRules', at({ RuleList }))
      expect(await api.refusal('DeleteDomainExtension', { DomainExtensionId })).toBe('400 DomainExtensionRelatedRuleExist')
      await api.ok('DeleteRules', { RuleIds: JSON.stringify([Rules.Rule[0].RuleId]) })
      await api.ok('DeleteDomainExtension', { DomainExtensionId })
    })
  })

  test('a redirect needs its https listener, holds it, shows little of itself and cannot be changed', async () => {
    const api = its()
    const { at } = await secured(api, 8073)
    const redirect = api.http(8074, { HealthCheck: 'off', ListenerForward: 'on', BackendServerPort: undefined })
    expect(await api.refusal('CreateLoadBalancerHTTPListener', { ...redirect, ForwardPort: 8075 })).toBe('400 InvalidParameter')
    await api.ok('CreateLoadBalancerHTTPListener', { ...redirect, ForwardPort: 8073 })
    expect(await api.refusal('DeleteLoadBalancerListener', at())).toBe('400 ListenerForwardExist')
    const [row] = (await api.read('DescribeLoadBalancerListeners', { LoadBalancerId: [api.id], ListenerProtocol: 'http' })).Listeners
    expect(row.HTTPListenerConfig).toMatchObject({ ListenerForward: 'on', ForwardPort: 8073 })
    expect(row.HTTPListenerConfig).not.toHaveProperty('HealthCheckURI')
    const set = api.on({ ListenerPort: 8074, Gzip: 'off' })
    expect(await api.refusal('SetLoadBalancerHTTPListenerAttribute', set)).toBe('400 Operation.NotAllowed')
  })
}
