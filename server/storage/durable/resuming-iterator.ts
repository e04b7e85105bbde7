import type { StoreEntry, RangeOptions, Store, StoreIterator } from '../contract.ts'
import { iterate } from '../iterate.ts'

/** Kinds of iterators by what they give. */
export interface IteratorKinds {
  readonly iterator: StoreEntry
  readonly keys: Uint8Array
  readonly values: Uint8Array
}

type Kind = keyof IteratorKinds

/** The store that an iterator reads, which may be closed and opened again meanwhile. */
export interface IteratorHost {
  /** The store as it is open now; undefined while it is being opened again. */
  readonly current: Store | undefined
  /** Resolves with the store once it is open again. */
  whenOpen(): Promise<Store>
  /** Returns whether a failure came of the store being closed to be opened again. */
  isSwap(error: unknown): boolean
  /** Returns whether a failure came of something being closed that was read from. */
  isClosedError(error: unknown): boolean
  /** The error of a reader that cannot go on. */
  broken(): Error
  opened(iterator: object): void
  closed(iterator: object): void
}

/**
 * An iterator that goes on behind the last key it gave when the store was opened again meanwhile: no write was
 * acknowledged in between. One that is bound to a snapshot, or gives no keys, ends with an error that says to try again.
 */
export class ResumingIterator<K extends Kind> implements StoreIterator<IteratorKinds[K]> {
  readonly #host: IteratorHost
  readonly #kind: K
  readonly #isBound: boolean
  #range: RangeOptions
  #inner: StoreIterator<IteratorKinds[K]> | undefined
  #given = 0
  #closed = false

  /** @param isBound whether the range is read in a snapshot */
  constructor(host: IteratorHost, kind: K, range: RangeOptions, isBound: boolean) {
    this.#host = host
    this.#kind = kind
    this.#range = range
    this.#isBound = isBound
    const store = host.current
    if (store === undefined && isBound) throw host.broken()
    if (store !== undefined) this.#inner = this.#open(store)
    host.opened(this)
  }

  async nextv(size: number): Promise<IteratorKinds[K][]> {
    const found = await this.#retrying(inner => inner.nextv(size))
    if (found.length > 0) this.#note(found)
    return found
  }

  async all(): Promise<IteratorKinds[K][]> {
    try {
      return await this.#retrying(inner => inner.all())
    } finally {
      await this.close()
    }
  }

  /** Of iterators that are bound to a snapshot: others would not know where to go on. */
  seek(key: Uint8Array): void {
    if (!this.#isBound || this.#inner === undefined) throw this.#host.broken()
    this.#inner.seek(key)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#host.closed(this)
    await this.#inner?.close()
  }

  [Symbol.asyncIterator](): AsyncGenerator<IteratorKinds[K], void, undefined> {
    return iterate(this)
  }

  async #retrying<T>(read: (inner: StoreIterator<IteratorKinds[K]>) => Promise<T>): Promise<T> {
    for (;;) {
      const inner = (this.#inner ??= this.#open(await this.#host.whenOpen()))
      try {
        return await read(inner)
      } catch (error) {
        if (!this.#host.isClosedError(error)) throw error
        if (this.#closed || !this.#host.isSwap(error)) throw this.#host.broken()
        if (this.#isBound || (this.#kind === 'values' && this.#given > 0)) throw this.#host.broken()
        this.#inner = undefined
      }
    }
  }

  #open(store: Store): StoreIterator<IteratorKinds[K]> {
    return store[this.#kind](this.#range) as StoreIterator<IteratorKinds[K]>
  }

  /** Moves the range behind what was given. */
  #note(found: readonly IteratorKinds[K][]): void {
    this.#given += found.length
    if (this.#kind === 'values' || this.#isBound) return
    const last = found.at(-1) as StoreEntry | Uint8Array
    const key = this.#kind === 'keys' ? (last as Uint8Array) : (last as StoreEntry)[0]
    const { limit = -1, reverse = false, gt, gte, lt, lte, ...rest } = this.#range
    const lower = reverse ? { ...(gt && { gt }), ...(gte && { gte }) } : { gt: key }
    const upper = reverse ? { lt: key } : { ...(lt && { lt }), ...(lte && { lte }) }
    this.#range = {
      ...rest,
      ...lower,
      ...upper,
      reverse,
      limit: limit < 0 ? -1 : Math.max(0, limit - found.length),
    }
  }
}
