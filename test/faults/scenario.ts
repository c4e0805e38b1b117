// One life of a small swarm, in steps: all kinds of changes, on two load balancers. Each step begins where the one before has settled.
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PortJson } from '../support/engine-json.ts'
import { swarmNodes, swarmService } from '../support/stand.ts'
import { CERTIFICATES, type Pair } from './certificates.ts'

type Service = { readonly published: number; readonly labels: Readonly<Record<string, string>>; readonly ports?: readonly PortJson[] }

/** What the people do who own the swarm. */
export interface Stage {
  service(name: string, service: Service | undefined): void
  /** Adds labels to a service; undefined takes one away. */
  label(name: string, labels: Readonly<Record<string, string | undefined>>): void
  publish(name: string, published: number): void
  node(
    id: string,
    over: Parameters<typeof swarmNodes>[1] extends Readonly<Record<string, infer Over>> | undefined ? Over | 'gone' : never,
  ): void
  certificate(name: string, pair: Pair): Promise<void>
  restart(): Promise<void>
}

export type Step = { readonly name: string; readonly act: (stage: Stage) => void | Promise<void> }

const port = (target: string, more: Readonly<Record<string, string>> = {}) => ({
  'slb.port.80': target,
  ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`slb.port.80.${name}`, value])),
})

const step = (name: string, act: Step['act']): Step => ({ name, act })

export const SCENARIO: readonly Step[] = [
  step('first services of three protocols', (stage) => {
    stage.service('web', { published: 30001, labels: port('http://:80') })
    stage.service('db', { published: 30002, labels: port('tcp://:5432') })
    stage.service('dns', {
      published: 30003,
      labels: { 'slb.port.53/udp': 'udp://:53' },
      ports: [{ target: 53, published: 30003, protocol: 'udp' }],
    })
  }),
  step('https with a certificate from a file', async (stage) => {
    await stage.certificate('shop', CERTIFICATES.shop)
    stage.service('shop', { published: 30004, labels: port('https://:443', { 'cert-id': 'file:shop' }) })
  }),
  step('a further certificate by host', async (stage) => {
    await stage.certificate('www', CERTIFICATES.www)
    stage.label('shop', port('https://:443', { 'domain-extensions': 'www.example.com:file:www' }))
  }),
  step('certificates are renewed', async (stage) => {
    await stage.certificate('shop', CERTIFICATES.shopRenewed)
    await stage.certificate('www', CERTIFICATES.wwwRenewed)
  }),
  step('the further certificate goes', (stage) => stage.label('shop', { 'slb.port.80.domain-extensions': undefined })),
  step('a redirect', (stage) => stage.service('plain', { published: 30005, labels: port('http://:8080', { 'forward-port': '443' }) })),
  step('a server group of its own', (stage) =>
    stage.service('zoned', { published: 30006, labels: port('tcp://:7000', { nodes: 'node.labels.zone==a' }) }),
  ),
  step('an access list', (stage) =>
    stage.service('gated', { published: 30007, labels: port('tcp://:6000', { allow: '10.0.0.0/8, 192.168.1.1' }) }),
  ),
  step('its entries change', (stage) => stage.label('gated', port('tcp://:6000', { allow: '10.0.0.0/8, 172.16.0.0/12' }))),
  step('it goes', (stage) => stage.label('gated', { 'slb.port.80.allow': undefined })),
  step('guests with rules', (stage) => {
    stage.service('site', { published: 30008, labels: port('http://:9000') })
    stage.service('api', { published: 30009, labels: port('http://:9000', { rules: '/api' }) })
    stage.service('docs', { published: 30010, labels: port('http://:9000', { rules: 'docs.example.com; /docs' }) })
  }),
  step('rules change', (stage) => stage.label('api', port('http://:9000', { rules: '/api; /v2', scheduler: 'rr' }))),
  step('a guest leaves', (stage) => stage.service('docs', undefined)),
  step('options of four protocols change', (stage) => {
    stage.label('web', port('http://:80', { 'health-check-uri': '/ready', 'idle-timeout': '30' }))
    stage.label('db', port('tcp://:5432', { 'persistence-timeout': '60', 'health-check-interval': '7' }))
    stage.label('dns', { 'slb.port.53/udp.scheduler': 'rr' })
    stage.label('shop', port('https://:443', { 'request-timeout': '90' }))
  }),
  step('a node joins', (stage) => stage.node('node-4', { labels: { zone: 'a' } })),
  step('its weight changes', (stage) => stage.node('node-4', { labels: { zone: 'a', 'slb.weight': '40' } })),
  step('a node drains', (stage) => stage.node('node-2', { availability: 'drain', labels: { zone: 'a' } })),
  step('the drained node leaves', (stage) => stage.node('node-2', 'gone')),
  step('a published port changes', (stage) => stage.publish('web', 30101)),
  step('that of a guest changes', (stage) => stage.publish('api', 30109)),
  step('a target moves to another port', (stage) => stage.label('db', { 'slb.port.80': 'tcp://:5433' })),
  step('a target moves to another load balancer', (stage) => stage.label('dns', { 'slb.port.53/udp': 'udp://back:53' })),
  step('a protocol is replaced', (stage) => {
    stage.label('db', { 'slb.port.80': 'http://:5433', 'slb.port.80.persistence-timeout': undefined })
  }),
  step('the daemon is restarted', (stage) => stage.restart()),
  step('a node port changes hands', (stage) => {
    stage.publish('gated', 30107)
    stage.service('thief', { published: 30007, labels: port('tcp://back:6001') })
  }),
  step('a service takes over from one that is removed', (stage) => {
    stage.service('site', undefined)
    stage.service('site-2', { published: 30011, labels: port('http://:9000') })
  }),
  step('services are removed', (stage) => {
    stage.service('zoned', undefined)
    stage.service('plain', undefined)
  }),
  step('https is withdrawn', (stage) => stage.service('shop', undefined)),
]

type Actors = {
  readonly services: (services: readonly object[]) => void
  readonly nodes: (nodes: readonly object[]) => void
  readonly restart: () => Promise<void>
  readonly directory: string
}

/** Certificates lie in directories behind links, so that both files of a pair change at once. */
export const newDirectory = () => mkdtemp(join(tmpdir(), 'faults-'))
export const removeDirectory = (directory: string) => rm(directory, { recursive: true, force: true })

export function createStage({ services, nodes, restart, directory }: Actors): Stage {
  const all = new Map<string, Service>()
  const over = new Map<string, object>([
    ['node-2', { labels: { zone: 'a' } }],
    ['node-3', { labels: { zone: 'a' } }],
  ])
  const gone = new Set(['node-4'])
  let files = 0
  const put = (name: string, service: Service | undefined) => {
    if (service === undefined) all.delete(name)
    else all.set(name, service)
    services([...all].map(([id, { published, labels, ports }]) => swarmService(id, published, labels, ports)))
  }
  const change = (name: string, how: (service: Service) => Service) => {
    const service = all.get(name)
    if (service === undefined) throw new Error(`no service ${name}`)
    put(name, how(service))
  }
  const tellNodes = () => nodes(swarmNodes(4, Object.fromEntries(over)).filter((_, index) => !gone.has(`node-${index + 1}`)))
  tellNodes()
  return {
    restart,
    service: put,
    label: (name, labels) =>
      change(name, (service) => ({
        ...service,
        labels: Object.fromEntries(
          Object.entries({ ...service.labels, ...labels }).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
        ),
      })),
    publish: (name, published) => change(name, (service) => ({ ...service, published })),
    node(id, how) {
      if (how === 'gone') gone.add(id)
      else {
        gone.delete(id)
        over.set(id, how)
      }
      tellNodes()
    },
    async certificate(name, { cert, key }) {
      files += 1
      const folder = join(directory, `.${name}-${files}`)
      await mkdir(folder)
      await writeFile(join(folder, 'fullchain.pem'), cert)
      await writeFile(join(folder, 'privkey.pem'), key)
      await symlink(folder, `${folder}.link`)
      await rename(`${folder}.link`, join(directory, name))
    },
  }
}
