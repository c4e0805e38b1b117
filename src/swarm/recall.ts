// A swarm of thousands changes a few services at a time: an entry of a list that is the same version as before is not checked again,
// and stays the same object. Swarm's store gives an object a new version and time with every write, its allocator's included.

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

/** Undefined where the engine does not say all of it: then it may have changed. */
function versionOf(raw: unknown): { readonly id: string; readonly version: string } | undefined {
  if (!isObject(raw) || !isObject(raw['Version'])) return undefined
  const { ID: id, UpdatedAt: at } = raw
  const { Index: index } = raw['Version']
  return typeof id === 'string' && typeof index === 'number' && typeof at === 'string' ? { id, version: `${index} ${at}` } : undefined
}

/** @param check of the entries that are not known yet; may throw */
export function createRecall<T extends object>(
  check: (entries: readonly unknown[]) => readonly T[],
): (list: readonly unknown[]) => readonly T[] {
  let known: ReadonlyMap<string, { readonly version: string; readonly entry: T }> = new Map()
  return (list) => {
    const versions = list.map(versionOf)
    const before = versions.map((one) => {
      const last = one === undefined ? undefined : known.get(one.id)
      return last?.version === one?.version ? last?.entry : undefined
    })
    const fresh = check(list.filter((_, index) => before[index] === undefined))[Symbol.iterator]()
    const entries = before.flatMap((entry) => entry ?? fresh.next().value ?? [])
    known = new Map(
      versions.flatMap((one, index) => {
        const entry = entries[index]
        return one === undefined || entry === undefined ? [] : [[one.id, { version: one.version, entry }] as const]
      }),
    )
    return entries
  }
}
