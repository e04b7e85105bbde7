import { LRUCache } from 'lru-cache'

export interface ExpiringMapLimits {
  readonly entries: number
  /** Counted from when a key was set first. */
  readonly lifetimeMs: number
}

/** A map that drops the entry that was not used for longest past a number of entries, and each after its lifetime. */
export class ExpiringMap<Key extends string, Value extends object | number> {
  readonly #limits: () => ExpiringMapLimits
  readonly #now: () => number
  /** Made with the first entry: it takes memory for all it may hold. */
  #cache: LRUCache<Key, Value> | undefined

  /**
   * @param limits read at each `set`: settings may change
   * @param now a clock in milliseconds, above 0
   */
  constructor(limits: () => ExpiringMapLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  get size(): number {
    return this.#cache?.size ?? 0
  }

  get(key: Key): Value | undefined {
    return this.#cache?.get(key)
  }

  /** Returns the values that are not over yet. */
  values(): Iterable<Value> {
    return this.#cache?.values() ?? []
  }

  /** Sets a value. A key that is there already keeps its end of life. */
  set(key: Key, value: Value): void {
    const { entries, lifetimeMs } = this.#limits()
    if (entries <= 0 || lifetimeMs <= 0) {
      this.delete(key)
      return
    }
    const cache = this.#cacheFor(entries)
    cache.set(key, value, { ttl: lifetimeMs, noUpdateTTL: cache.has(key) })
  }

  delete(key: Key): void {
    this.#cache?.delete(key)
  }

  #cacheFor(entries: number): LRUCache<Key, Value> {
    if (this.#cache?.max === entries) return this.#cache
    const cache = new LRUCache<Key, Value>({ max: entries, ttlResolution: 0, perf: { now: this.#now } })
    if (this.#cache !== undefined) cache.load(this.#cache.dump())
    return (this.#cache = cache)
  }
}
