const PERCENTILES = [50, 75, 90, 95, 99, 999]

/** A histogram of durations as `_stats` shows it, in milliseconds. */
export interface DurationSummary {
  readonly min: number
  readonly max: number
  readonly arithmetic_mean: number
  readonly standard_deviation: number
  readonly median: number
  readonly percentile: readonly (readonly [percent: number, value: number])[]
  readonly n: number
}

/** Upper bounds of a histogram's buckets, in milliseconds. */
const BUCKETS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const

/** Number of durations up to a bound. */
export interface DurationBucket {
  readonly maxMs: number
  readonly count: number
}

/** Durations of which only the last are told one by one, in milliseconds. */
export interface CountedDurations {
  readonly count: number
  readonly sumMs: number
  /** Number of durations of each bucket. */
  readonly buckets: readonly number[]
  readonly last: readonly number[]
}

/** The last durations of something; older ones are forgotten. */
export class Durations {
  readonly #last: Float64Array
  readonly #buckets = new Float64Array(BUCKETS_MS.length)
  #count = 0
  #sum = 0

  constructor(size = 1024) {
    this.#last = new Float64Array(size)
  }

  /** Number and total length of all durations since the start, and how many were no longer than each bound. */
  get total(): {
    readonly count: number
    readonly sumMs: number
    readonly buckets: readonly DurationBucket[]
  } {
    let below = 0
    const buckets = BUCKETS_MS.map((maxMs, at) => ({ maxMs, count: (below += this.#buckets[at] ?? 0) }))
    return { count: this.#count, sumMs: this.#sum, buckets }
  }

  /** Returns what was added, and begins again. */
  take(): CountedDurations {
    const last = [...this.#last.subarray(0, Math.min(this.#count, this.#last.length))]
    const taken = { count: this.#count, sumMs: this.#sum, buckets: [...this.#buckets], last }
    this.#count = this.#sum = 0
    this.#buckets.fill(0)
    return taken
  }

  /** Adds what another thread has measured. */
  addAll({ count, sumMs, buckets, last }: CountedDurations): void {
    const skipped = Math.max(0, count - last.length)
    this.#count += skipped
    for (const ms of last) {
      this.#last[this.#count % this.#last.length] = ms
      this.#count += 1
    }
    this.#sum += sumMs
    for (const [at, added] of buckets.entries()) this.#buckets[at]! += added
  }

  add(ms: number): void {
    this.#last[this.#count % this.#last.length] = ms
    for (let at = 0; at < BUCKETS_MS.length; at += 1) {
      if (ms > BUCKETS_MS[at]!) continue
      this.#buckets[at]! += 1
      break
    }
    this.#count += 1
    this.#sum += ms
  }

  summary(): DurationSummary {
    const n = Math.min(this.#count, this.#last.length)
    const sorted = this.#last.slice(0, n).sort()
    const mean = n === 0 ? 0 : sorted.reduce((sum, value) => sum + value, 0) / n
    const variance = n === 0 ? 0 : sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n
    const at = (share: number) => sorted[Math.min(n - 1, Math.floor(n * share))] ?? 0
    return {
      min: sorted[0] ?? 0,
      max: sorted[n - 1] ?? 0,
      arithmetic_mean: mean,
      standard_deviation: Math.sqrt(variance),
      median: at(0.5),
      percentile: PERCENTILES.map(
        percent => [percent, at(percent > 100 ? percent / 1000 : percent / 100)] as const,
      ),
      n,
    }
  }
}
