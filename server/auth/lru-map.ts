/** A map that forgets what is oldest past a number of entries, and each entry after its lifetime. */
export class LruMap<Key, Value> {
  readonly #limits: () => { readonly entries: number; readonly lifetimeMs: number }
  readonly #now: () => number
  readonly #entries = new Map<Key, { readonly value: Value; readonly end: number }>()

  /** @param now a clock that never goes back */
  constructor(
    limits: () => { entries: number; lifetimeMs: number },
    now: () => number = () => performance.now(),
  ) {
    this.#limits = limits
    this.#now = now
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.end > this.#now()) return entry.value
    this.#entries.delete(key)
    return undefined
  }

  /** A key that is there already keeps its end of life. */
  set(key: Key, value: Value): void {
    const { entries, lifetimeMs } = this.#limits()
    const known = this.get(key) === undefined ? undefined : this.#entries.get(key)
    this.#entries.delete(key)
    this.#entries.set(key, { value, end: known?.end ?? this.#now() + lifetimeMs })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= entries) break
      this.#entries.delete(oldest)
    }
  }

  delete(key: Key): void {
    this.#entries.delete(key)
  }
}
