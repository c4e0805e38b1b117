// The histogram of pass durations. prom-client counts single observations; here they are counted already.
import { Histogram } from 'prom-client'
import type { Board } from '../board.ts'
import { BUCKETS } from '../tally.ts'

type Value = { readonly metricName: string; readonly labels: Readonly<Record<string, string>>; readonly value: number }

export class PassDurations extends Histogram {
  readonly #board: Board
  readonly #name: string
  readonly #help: string

  constructor(board: Board, name: string, help: string) {
    super({ name, help, buckets: [...BUCKETS], registers: [] })
    this.#board = board
    this.#name = name
    this.#help = help
  }

  /** What prom-client makes its pages of; its typings do not know it. */
  async getForPromString() {
    return { name: this.#name, help: this.#help, type: 'histogram', aggregator: 'sum', values: this.#values() }
  }

  #values(): Value[] {
    const { buckets, sum, count } = this.#board.counters().durations
    let below = 0
    const upTo = BUCKETS.map((bound, i): Value => {
      below += buckets[i] ?? 0
      return { metricName: `${this.#name}_bucket`, labels: { le: String(bound) }, value: below }
    })
    return [
      ...upTo,
      { metricName: `${this.#name}_bucket`, labels: { le: '+Inf' }, value: count },
      { metricName: `${this.#name}_sum`, labels: {}, value: sum },
      { metricName: `${this.#name}_count`, labels: {}, value: count },
    ]
  }
}
