// Figures that are reported without a bound, and how times are written.

export type Figure = { readonly name: string; readonly value: string; readonly aim: string }

export const seconds = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`)

/** Nearest rank; 0..1. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}
export const median = (values: readonly number[]) => quantile(values, 0.5)

export const figureLines = (figures: readonly Figure[]) => {
  const width = Math.max(...figures.map(({ name }) => name.length))
  return figures.map(({ name, value, aim }) => `${name.padEnd(width)}  ${value}${aim === '' ? '' : `; aim ${aim}`}`).join('\n')
}
