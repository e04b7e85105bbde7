import { COUNTERS, GAUGES } from './counters.ts'
import { Durations } from './durations.ts'

export interface CounterValue {
  readonly value: number
  readonly type: 'counter' | 'gauge'
  readonly desc: string
}

/** Counters and durations of a server since its start. Counting is cheap enough for every request. */
export class Metrics {
  readonly requestTime = new Durations()
  /** Fetches what other threads have counted; to be awaited before anybody is told. */
  refresh: () => Promise<void> = () => Promise.resolve()
  readonly #values = new Map(Object.keys(COUNTERS).map(path => [path, 0]))
  readonly #gauges = new Map<string, () => number>()

  /** Adds to a counter; one that is not in the table is passed over. */
  count(path: string, by = 1): void {
    const value = this.#values.get(path)
    if (value !== undefined) this.#values.set(path, value + by)
  }

  /** Returns the value of a counter; 0 for one that is not in the table. */
  value(path: string): number {
    return this.#gauges.get(path)?.() ?? this.#values.get(path) ?? 0
  }

  /** Registers the function that reads a gauge's current value. */
  gauge(path: string, read: () => number): void {
    this.#gauges.set(path, read)
  }

  /** Returns what was counted, and begins again. */
  take(): ReadonlyMap<string, number> {
    const taken = new Map([...this.#values].filter(([, value]) => value !== 0))
    for (const path of taken.keys()) this.#values.set(path, 0)
    return taken
  }

  /** Every counter and gauge with its path. */
  *counters(): Generator<readonly [path: string, value: CounterValue]> {
    for (const [path, value] of this.#values) {
      yield [
        path,
        { value: this.#gauges.get(path)?.() ?? value, type: 'counter', desc: COUNTERS[path] ?? '' },
      ]
    }
    for (const [path, desc] of Object.entries(GAUGES)) {
      yield [path, { value: this.#gauges.get(path)?.() ?? 0, type: 'gauge', desc }]
    }
  }
}
