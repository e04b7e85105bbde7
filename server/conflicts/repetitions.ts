const HOUR_MS = 3_600_000
const MAX_COUNTED = 10_000

/** Counts how often documents are resolved, to find those that come into conflict again and again. */
export class Repetitions {
  readonly #most: () => number
  readonly #counts = new Map<string, { since: number; count: number }>()
  readonly #stopped = new Set<string>()

  /** @param most resolutions of a document within an hour */
  constructor(most: () => number) {
    this.#most = most
  }

  /** Documents whose conflicts are not resolved any more. */
  get stopped(): ReadonlySet<string> {
    return this.#stopped
  }

  /** Counts a resolution. Returns true where the document is stopped by it. */
  count(id: string, now: number): boolean {
    const known = this.#counts.get(id)
    const counted = known !== undefined && now - known.since < HOUR_MS ? known : { since: now, count: 0 }
    counted.count += 1
    // The entry goes to the end: the first one is the one that was not used for longest.
    this.#counts.delete(id)
    this.#counts.set(id, counted)
    const [oldest] = this.#counts.keys()
    if (this.#counts.size > MAX_COUNTED && oldest !== undefined) this.#counts.delete(oldest)
    if (counted.count < this.#most()) return false
    this.#stopped.add(id)
    return true
  }

  /** Begins again, with other policies. */
  clear(): void {
    this.#counts.clear()
    this.#stopped.clear()
  }
}
