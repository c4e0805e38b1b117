// A listing as part of a stack file. Written by hand rather than by a library, because every line may have a comment of its own.
import type { LoadBalancer } from '../core/model.ts'
import { plain } from '../terminal.ts'
import { labelsOf } from './labels.ts'
import type { Listing, Part } from './parts.ts'

/** A double-quoted YAML string is a JSON string; text that steers terminals is escaped in it. */
const quoted = (text: string) => plain(JSON.stringify(text))
/** Words that YAML reads as something else than text are never names of services that are left bare here. */
const bare = (name: string) =>
  /^[a-z][a-z0-9_-]*$/i.test(name) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(name) ? name : quoted(name)

const comment = (text: string, indent = '') => `${indent}# ${plain(text)}`

/** What labels may call it: its name where that is one they can write, else its id. */
export const refOf = ({ id, name }: Pick<LoadBalancer, 'id' | 'name'>) => (/^[A-Za-z0-9._/-]{1,80}$/.test(name) ? name : id)

function portLines(part: Part, ref: string, both: boolean): string[] {
  const { labels, notes } = labelsOf(part, ref, both)
  const where = part.known
    ? `container port ${part.port}, published as ${part.published}`
    : `node port ${part.published}; the container port behind it is not known: put it in place of ${part.port}`
  return [
    comment(where, '        '),
    ...notes.map((note) => comment(note, '        ')),
    ...[...labels].map(([key, text]) => `        ${key}: ${quoted(text)}`),
  ]
}

export function yamlOf(lb: LoadBalancer, { parts, notes }: Listing): string {
  const services = new Map<string, Part[]>()
  for (const part of parts) services.set(part.service, [...(services.get(part.service) ?? []), part])
  const lines = [...services].flatMap(([name, mine]) => [
    ...(mine.every(({ known }) => known)
      ? []
      : [comment('no service of this swarm publishes this port: put in the name of the one that will', '  ')]),
    `  ${bare(name)}:`,
    '    deploy:',
    '      labels:',
    ...mine.flatMap((part) =>
      portLines(
        part,
        refOf(lb),
        mine.some((other) => other !== part && other.port === part.port),
      ),
    ),
  ])
  return [
    comment(`Load balancer ${lb.name === '' ? lb.id : `${lb.name} (${lb.id})`}, ${lb.address}: what labels would make of it.`),
    comment('Names are those of services in the swarm; in the stack file the name of the stack in front is left out.'),
    ...notes.map((note) => comment(`Not here: ${note}`)),
    ...(lines.length === 0 ? [comment('It has no listener that labels can ask for.'), 'services: {}'] : ['services:', ...lines]),
    '',
  ].join('\n')
}
