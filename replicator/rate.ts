const BUCKET_MS = 5_000
const BUCKETS = 12

/** Counts per second over the last minute. */
export class Rate {
  readonly #counts: number[] = Array.from({ length: BUCKETS }, () => 0)
  #bucket = 0
  #total = 0

  /** @param total of everything counted so far */
  update(total: number, now: number): void {
    this.#advance(now)
    const current = this.#bucket % BUCKETS
    this.#counts[current] = (this.#counts[current] ?? 0) + total - this.#total
    this.#total = total
  }

  perSecond(now: number): number {
    this.#advance(now)
    const sum = this.#counts.reduce((a, b) => a + b, 0)
    return Math.round((sum / ((BUCKETS * BUCKET_MS) / 1000)) * 10) / 10
  }

  /** Starts from a count that earlier sessions reached and that is no part of the rate. */
  reset(total: number): void {
    this.#total = total
  }

  #advance(now: number): void {
    const bucket = Math.floor(now / BUCKET_MS)
    for (let skipped = Math.max(this.#bucket + 1, bucket - BUCKETS + 1); skipped <= bucket; skipped++)
      this.#counts[skipped % BUCKETS] = 0
    this.#bucket = Math.max(this.#bucket, bucket)
  }
}
