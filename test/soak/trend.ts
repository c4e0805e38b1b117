// Whether figures that go up and down grow: the slope of the straight line through their lowest, since what is never given back shows there.

/** `at` in milliseconds. */
export type Sample = { readonly at: number; readonly value: number }

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** What the line through the samples gains from the first to the last of them. */
export function growth(samples: readonly Sample[]): number {
  const [at, value] = [meanOf(samples.map((one) => one.at)), meanOf(samples.map((one) => one.value))]
  const spread = samples.reduce((sum, one) => sum + (one.at - at) ** 2, 0)
  if (spread === 0) return 0
  const slope = samples.reduce((sum, one) => sum + (one.at - at) * (one.value - value), 0) / spread
  return slope * ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0))
}

/** The lowest of every so many: what is in use for a moment, more of it on a busy machine, does not count. */
export function lowest(samples: readonly Sample[], of: number): readonly Sample[] {
  const windows = Array.from({ length: Math.ceil(samples.length / of) }, (_, index) => samples.slice(index * of, (index + 1) * of))
  return windows.flatMap((some) => some.toSorted((a, b) => a.value - b.value).slice(0, 1))
}
