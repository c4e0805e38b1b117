// Further certificates of an https listener, chosen by the name the client asks for.
import { ApiError } from '../gateway/api-error.ts'
import { need, text } from '../gateway/params.ts'
import { newId } from '../ids.ts'
import type { DomainExtension, Listener, LoadBalancer, World } from '../world.ts'
import { type Actions, type Body, type Call, namedLoadBalancer, refuseLocked } from './call.ts'
import { expectListener } from './find-listener.ts'

const DOMAIN = /^(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/

function createDomainExtension(call: Call): Body {
  const { params, settings } = call
  const loadBalancer = namedLoadBalancer(call)
  const listener = expectListener(loadBalancer, params, 'https')
  const domain = need(params, 'Domain').toLowerCase()
  if (loadBalancer.spec === '') throw new ApiError('DomainExtensionNotSupport')
  if (!DOMAIN.test(domain)) throw new ApiError('InvalidParameter.Domain', 'The specified Domain is invalid.')
  if (listener.domainExtensions.some((each) => each.domain === domain)) throw new ApiError('InvalidParameter.Domain')
  if (listener.domainExtensions.length >= settings.quotas.domainExtensions) throw new ApiError('DomainExtensionNumberOverLimit')
  const extension = { id: newId('de'), domain, certificateId: readCertificate(call) }
  listener.domainExtensions.push(extension)
  return { DomainExtensionId: extension.id, ListenerPort: listener.port }
}

function readCertificate({ params, world }: Call): string {
  const id = text(params, 'ServerCertificateId')
  if (id === undefined) throw new ApiError('MissingParam.ServerCertificates')
  if (!world.certificates.some((each) => each.id === id)) throw new ApiError('InvalidParameter.ServerCertificateId')
  return id
}

type Found = { readonly loadBalancer: LoadBalancer; readonly listener: Listener; readonly extension: DomainExtension }

function findExtension(world: World, id: string): Found {
  for (const loadBalancer of world.loadBalancers) {
    for (const listener of loadBalancer.listeners) {
      const extension = listener.domainExtensions.find((each) => each.id === id)
      if (extension !== undefined) return { loadBalancer, listener, extension }
    }
  }
  throw new ApiError('InvalidParameter.DomainExtensionId', 'The specified DomainExtensionId does not exist.')
}

function setDomainExtension(call: Call): Body {
  const { extension, loadBalancer } = findExtension(call.world, need(call.params, 'DomainExtensionId'))
  refuseLocked(loadBalancer)
  extension.certificateId = readCertificate(call)
  return {}
}

/** A rule for the same domain holds it. */
function deleteDomainExtension(call: Call): Body {
  const { listener, extension, loadBalancer } = findExtension(call.world, need(call.params, 'DomainExtensionId'))
  refuseLocked(loadBalancer)
  if (listener.rules.some(({ domain }) => domain === extension.domain)) throw new ApiError('DomainExtensionRelatedRuleExist')
  listener.domainExtensions = listener.domainExtensions.filter((each) => each !== extension)
  return {}
}

const row = ({ id, domain, certificateId }: DomainExtension) => ({
  DomainExtensionId: id,
  Domain: domain,
  ServerCertificateId: certificateId,
})

function describeDomainExtensions(call: Call): Body {
  const listener = expectListener(namedLoadBalancer(call), call.params, 'https')
  const id = text(call.params, 'DomainExtensionId')
  return { DomainExtensions: { DomainExtension: listener.domainExtensions.filter((each) => id === undefined || each.id === id).map(row) } }
}

function describeDomainExtension(call: Call): Body {
  const { loadBalancer, listener, extension } = findExtension(call.world, need(call.params, 'DomainExtensionId'))
  return { ...row(extension), ListenerPort: listener.port, LoadBalancerId: loadBalancer.id }
}

export const domainExtensionActions: Actions = {
  CreateDomainExtension: createDomainExtension,
  SetDomainExtensionAttribute: setDomainExtension,
  DeleteDomainExtension: deleteDomainExtension,
  DescribeDomainExtensions: describeDomainExtensions,
  DescribeDomainExtensionAttribute: describeDomainExtension,
}
