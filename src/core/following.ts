// How the backends of a service port go on while its listener stays as it is: its labels are a problem, it is pending, or its service is gone.
// Tasks are followed whatever labels say; where labels choose nodes, none is added, since which ones is not known then.
import type { Claim, Following, ServiceView } from './claim.ts'
import { parseMark } from './marks.ts'
import type { PublishedPort, Service, TaskReading } from './model.ts'
import { EVERY_NODE } from './node-choice.ts'
import { selectionOf } from './selection.ts'

/** `<service>/<container port>-<transport>` as in marks: ports whose backends are not simply every node. */
export type ChosenPorts = ReadonlySet<string>

const nameOf = (service: string, port: string) => `${service}/${port}`
const EVERY: Following = { selection: undefined, adds: true }
/** Its tasks are gone with it. */
const GONE: Following = { selection: { nodes: EVERY_NODE, places: [], weights: 'kept' }, adds: false }

const hasOption = ({ labels }: Service, option: string) =>
  Object.keys(labels).some((key) => new RegExp(`^slb\\.(port\\.\\d+(/(tcp|udp))?\\.)?${option}(@.*)?$`).test(key))

/** What a group follows while its listener stays as it is. Undefined: every node. */
export function followingOf(
  service: Service,
  port: PublishedPort,
  claims: readonly Claim[],
  tasks: TaskReading | undefined,
): Following | undefined {
  const [claim] = claims
  if (claim !== undefined) return claim.selection === undefined ? undefined : { selection: claim.selection, adds: true }
  const wish = { nodes: EVERY_NODE, weights: hasOption(service, 'weights') ? 'kept' : 'managed' } as const
  const adds = !hasOption(service, 'nodes')
  const selected = selectionOf(service, port, wish, tasks)
  if (selected?.status === 'selected') return { selection: selected.selection, adds }
  if (selected !== undefined) return { selection: { ...wish, places: [] }, adds: false }
  return adds ? undefined : { selection: undefined, adds }
}

/** Then its group is brought in step with what it is now; otherwise the group stays what it was. */
const isWanted = (services: ReadonlyMap<string, ServiceView>, service: string, port: string) =>
  services.get(service)?.ports.get(port)?.state === 'wanted'

/** Those of present services, and of what is missing, gone or not settled what was known of it. */
export function chosenPorts(
  services: ReadonlyMap<string, ServiceView>,
  before: ChosenPorts,
  missing: ReadonlyMap<string, number>,
): ChosenPorts {
  const present = [...services].flatMap(([name, { ports }]) =>
    [...ports].flatMap(([port, { following }]) => (following === undefined ? [] : [nameOf(name, port)])),
  )
  const known = [...before].filter((name) => {
    const [service = '', port = ''] = name.split('/')
    return missing.has(service) || (services.has(service) && !isWanted(services, service, port))
  })
  return new Set([...present, ...known])
}

/** @param name of the group */
export function followingIn(name: string, services: ReadonlyMap<string, ServiceView>, chosen: ChosenPorts): Following {
  const mark = parseMark(name)
  if (mark === undefined) return EVERY
  const port = `${mark.port}-${mark.transport}`
  const following = services.get(mark.service)?.ports.get(port)?.following
  if (following !== undefined) return following
  return chosen.has(nameOf(mark.service, port)) && !isWanted(services, mark.service, port) ? GONE : EVERY
}
