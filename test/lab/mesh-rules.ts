// Which packets the stand-in for Swarm's routing mesh sends where, as input for iptables-restore. Pure.

type SwarmPort = {
  readonly Protocol: string
  readonly TargetPort: number
  readonly PublishedPort?: number
  readonly PublishMode?: string
}
export type SwarmService = { readonly ID: string; readonly Endpoint?: { readonly Ports?: readonly SwarmPort[] } }
export type SwarmTask = {
  readonly ServiceID: string
  readonly DesiredState: string
  readonly Status: { readonly State: string }
  readonly NetworksAttachments?: readonly {
    readonly Network: { readonly Spec: { readonly Ingress?: boolean; readonly Name?: string } }
    readonly Addresses?: readonly string[]
  }[]
}

export const CHAIN = 'SWARM-SLB-LAB'

/** A task with a health check is `running` only once it is healthy, so the state alone decides. */
function ingressAddresses(service: SwarmService, tasks: readonly SwarmTask[]): string[] {
  return tasks
    .filter((task) => task.ServiceID === service.ID && task.DesiredState === 'running' && task.Status.State === 'running')
    .flatMap((task) => task.NetworksAttachments?.find(({ Network }) => Network.Spec.Ingress === true)?.Addresses?.slice(0, 1) ?? [])
    .map((address) => address.replace(/\/\d+$/, ''))
    .sort()
}

/** The k-th of n rules sees what the ones before it left over, so it takes every (n - k)-th packet. */
function portRules(port: SwarmPort, addresses: readonly string[]): string[] {
  return addresses.map((address, index) => {
    const left = addresses.length - index
    const turn = left === 1 ? '' : `-m statistic --mode nth --every ${left} --packet 0 `
    return `-A ${CHAIN} -p ${port.Protocol} --dport ${port.PublishedPort} ${turn}-j DNAT --to-destination ${address}:${port.TargetPort}`
  })
}

/** One chain in `nat`; iptables-restore --noflush replaces a chain that is named with a colon, and leaves all others. */
export function natRules(services: readonly SwarmService[], tasks: readonly SwarmTask[]): string {
  const rules = services.flatMap((service) => {
    const addresses = ingressAddresses(service, tasks)
    const ports = (service.Endpoint?.Ports ?? []).filter((port) => port.PublishMode !== 'host' && port.PublishedPort !== undefined)
    return ports.flatMap((port) => portRules(port, addresses))
  })
  return ['*nat', `:${CHAIN} - [0:0]`, ...rules, 'COMMIT', ''].join('\n')
}
