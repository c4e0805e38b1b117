// Readings that are kept for the next time, and an audit that reads them again a part at a time.

export interface Kept<T> {
  get(key: string): T | undefined
  /** A reading of just now. */
  put(key: string, value: T): void
  /** The effect of a write of ours; nothing where nothing is known. */
  update(key: string, effect: (value: T) => T): void
  drop(key: string): void
  clear(): void
  /**
   * Of the given keys those that an audit reads now: the part of them that was not read for longest, at least one, and every one
   * whose turn is overdue. Counts as one audit of these keys.
   */
  audit(keys: readonly string[]): ReadonlySet<string>
}

type Entry<T> = { readonly value: T; readonly age: number }

/** Everything is read again at least once in `every` audits. */
export function createKept<T>(every: number): Kept<T> {
  const entries = new Map<string, Entry<T>>()
  return {
    get: (key) => entries.get(key)?.value,
    put: (key, value) => void entries.set(key, { value, age: 0 }),
    update(key, effect) {
      const entry = entries.get(key)
      if (entry !== undefined) entries.set(key, { ...entry, value: effect(entry.value) })
    },
    drop: (key) => void entries.delete(key),
    clear: () => entries.clear(),
    audit(keys) {
      const known = keys.flatMap((key) => {
        const entry = entries.get(key)
        return entry === undefined ? [] : [{ key, value: entry.value, age: entry.age + 1 }]
      })
      for (const { key, value, age } of known) entries.set(key, { value, age })
      const oldest = known.toSorted((a, b) => b.age - a.age || (a.key < b.key ? -1 : 1))
      const share = Math.ceil(keys.length / every)
      return new Set(oldest.filter(({ age }, place) => place < share || age >= every).map(({ key }) => key))
    },
  }
}
