// Which load balancers labels may name: those of the configuration, and those that carry a tag it names. A failed answer is never
// "nothing there": what was known stays until the cloud says otherwise.
import type { Config } from './config.ts'
import type { Problem } from './core/model.ts'
import type { Provider } from './providers/provider.ts'

export type KnownPlaces = {
  /** Ids by whatever labels may call them. */
  readonly byRef: ReadonlyMap<string, string>
  /** Why a name leads nowhere. */
  readonly problems: ReadonlyMap<string, string>
  /** Those of the configuration itself, and tags that could not be looked up. */
  readonly shown: readonly Problem[]
  /** Ids of all that are allowed. */
  readonly allowed: readonly string[]
  /** Ids that the configuration names by their name. */
  readonly named: ReadonlySet<string>
  /** Of SLB_ID, in its order. */
  readonly defaults: readonly string[]
  /** Of SLB_ID: the cloud could not be asked for them. */
  readonly unknown: readonly string[]
  /** A tag was never looked up with success: a name that nobody knows may be behind it. */
  readonly incomplete: boolean
  /** Why the last lookup of a name or tag got no answer; empty where all did, and where none was needed. */
  readonly unanswered: string
  readonly recheckAt: number | undefined
}

type Found = { readonly id: string; readonly name: string }
type Tag = Config['allowedTags'][number]
type Tagged = { readonly found: readonly Found[] | undefined; readonly error: string; readonly askedAt: number }

export type PlacesOptions = { readonly config: Config; readonly provider: Provider; readonly now: () => number }

export interface PlaceFinder {
  /** @param names learned from readings, by name: what a name meant first it means for the life of the process */
  find(names: ReadonlyMap<string, string>, signal: AbortSignal): Promise<KnownPlaces>
}

const AGAIN_MS = 5000
const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
const tagText = ({ key, value }: Tag) => `${key}=${value}`

type Configured = { readonly problems: ReadonlyMap<string, string>; readonly unanswered: string }

/** @param known gets what was found; it stays while the cloud cannot be asked */
async function resolveConfigured(config: Config, provider: Provider, known: Map<string, Found>, signal: AbortSignal): Promise<Configured> {
  const { allowed } = config
  const problems = new Map<string, string>()
  try {
    for (const [ref, answer] of await provider.resolve(allowed, signal)) {
      if (answer.status === 'problem') problems.set(ref, answer.text)
      else known.set(ref, { id: answer.id, name: answer.name })
    }
    for (const ref of problems.keys()) known.delete(ref)
    return { problems, unanswered: '' }
  } catch (error) {
    for (const ref of allowed) if (!known.has(ref)) problems.set(ref, `load balancer ${ref} could not be looked up: ${textOf(error)}`)
    return { problems, unanswered: textOf(error) }
  }
}

/** Tags are looked up again with each resync; after a failure sooner. What had a tag and lost it is remembered, to say so. */
function followTags({ config, provider, now }: PlacesOptions) {
  const { allowedTags: tags, resyncMs } = config
  const last = new Map<Tag, Tagged>()
  const seen = new Map<string, { readonly tag: Tag; readonly name: string }>()
  const dueAt = (tag: Tag) => {
    const before = last.get(tag)
    return before === undefined ? 0 : before.askedAt + (before.error === '' ? resyncMs : Math.min(AGAIN_MS, resyncMs))
  }
  const ask = async (tag: Tag, signal: AbortSignal): Promise<void> => {
    if (now() < dueAt(tag)) return
    const askedAt = now()
    try {
      const found = await provider.findByTag(tag.key, tag.value, signal)
      last.set(tag, { found, error: '', askedAt })
      for (const { id, name } of found) seen.set(id, { tag, name })
    } catch (error) {
      last.set(tag, { found: last.get(tag)?.found, error: textOf(error), askedAt })
    }
  }
  return {
    async look(signal: AbortSignal) {
      await Promise.all(tags.map((tag) => ask(tag, signal)))
      const answers = tags.flatMap((tag) => last.get(tag) ?? [])
      const found = new Map(answers.flatMap((answer) => answer.found ?? []).map((one) => [one.id, one]))
      const failed = tags.filter((tag) => (last.get(tag)?.error ?? '') !== '')
      return {
        found,
        lost: [...seen].filter(([id]) => !found.has(id)).map(([id, { tag, name }]) => ({ id, name, tag })),
        problems: failed.map((tag): Problem => {
          const text = `load balancers with the tag ${tagText(tag)} could not be looked up: ${last.get(tag)?.error}; those known so far stay`
          return { kind: 'loadBalancer', subject: tagText(tag), text }
        }),
        incomplete: answers.some((answer) => answer.found === undefined),
        unanswered: failed.flatMap((tag) => last.get(tag)?.error ?? [])[0] ?? '',
        recheckAt: failed.length === 0 ? undefined : Math.min(...failed.map(dueAt)),
      }
    },
  }
}

type Looked = Awaited<ReturnType<ReturnType<typeof followTags>['look']>>

/** Names of tagged ones; the configuration's own names go before them, and one that two carry means neither. */
function namesOf(tagged: Looked['found'], pinned: ReadonlyMap<string, string>, taken: ReadonlyMap<string, string>) {
  const byName = new Map<string, string[]>()
  for (const { id, name } of tagged.values()) if (name !== '' && !taken.has(name)) byName.set(name, [...(byName.get(name) ?? []), id])
  const problems = new Map<string, string>()
  const names = new Map<string, string>()
  for (const [name, ids] of byName) {
    const known = pinned.get(name) ?? (ids.length === 1 ? ids[0] : undefined)
    if (known === undefined)
      problems.set(name, `${ids.length} load balancers are named "${name}" (${ids.toSorted().join(', ')}): give the id`)
    else names.set(name, known)
  }
  return { names, problems }
}

const lostText = ({ id, name, tag }: Looked['lost'][number]) =>
  `load balancer ${name === '' || name === id ? id : `${name} (${id})`} no longer carries the tag ${tagText(tag)} that SLB_ALLOW asks for; its listeners stay as they are`

export function createPlaces(options: PlacesOptions): PlaceFinder {
  const { config, provider, now } = options
  const tags = followTags(options)
  const known = new Map<string, Found>()
  return {
    async find(learned, signal) {
      const [own, tagged] = await Promise.all([resolveConfigured(config, provider, known, signal), tags.look(signal)])
      const found = config.allowed.flatMap((ref) => known.get(ref) ?? [])
      const allowed = [...new Set([...found.map(({ id }) => id), ...tagged.found.keys()])]
      // A name learned from a reading counts only while its load balancer is allowed.
      const byRef = new Map([...learned].filter(([, id]) => allowed.includes(id)))
      for (const [ref, { id, name }] of known) byRef.set(ref, id).set(id, id).set(name, id)
      const { names, problems } = namesOf(tagged.found, learned, byRef)
      for (const [name, id] of names) byRef.set(name, id)
      for (const id of tagged.found.keys()) byRef.set(id, id)
      const lost = tagged.lost.filter(({ id }) => !allowed.includes(id))
      const lostRefs = lost.flatMap((one) => [one.id, one.name].map((ref) => [ref, lostText(one)] as const))
      const failing = own.problems.size > 0 ? now() + AGAIN_MS : undefined
      return {
        byRef,
        problems: new Map([...lostRefs.filter(([ref]) => !byRef.has(ref)), ...problems, ...own.problems]),
        shown: [...[...own.problems].map(([subject, text]): Problem => ({ kind: 'loadBalancer', subject, text })), ...tagged.problems],
        allowed,
        named: new Set([...known].flatMap(([ref, { id }]) => (ref === id ? [] : [id]))),
        defaults: [...new Set(config.loadBalancers.flatMap((ref) => known.get(ref)?.id ?? []))],
        unknown: own.unanswered !== '' ? config.loadBalancers.filter((ref) => !known.has(ref)) : [],
        incomplete: tagged.incomplete,
        unanswered: own.unanswered || tagged.unanswered,
        recheckAt:
          failing === undefined || tagged.recheckAt === undefined ? (failing ?? tagged.recheckAt) : Math.min(failing, tagged.recheckAt),
      }
    },
  }
}
