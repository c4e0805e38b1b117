// Whether figures that go up and down grow: what is never given back shows in the lowest of them. What is in use for a moment, and more of it
// on a busy machine, does not.

/** How much the lowest of the last third is above the lowest of the first. */
export function rise(values: readonly number[]): number {
  const third = Math.ceil(values.length / 3)
  if (third === 0) return 0
  return Math.min(...values.slice(-third)) - Math.min(...values.slice(0, third))
}
