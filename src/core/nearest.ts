// The name somebody probably meant.

/** Longer names are cut: labels are hostile input. */
const LONGEST = 64

/** Edits (insert, delete, replace, swap of neighbours) that turn one text into the other. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] ?? 0) + 1)
      next.push(best)
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}

/** The closest candidate (the first of equals), or undefined where nothing is close. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const given = name.slice(0, LONGEST)
  let found: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const most = Math.min(least - 1, Math.max(1, Math.floor(Math.min(given.length, candidate.length) / 3)))
    // Each missing or further letter is one edit at least.
    if (Math.abs(given.length - candidate.length) > most) continue
    const edits = distance(given, candidate)
    if (edits <= most) {
      found = candidate
      least = edits
    }
  }
  return found
}
