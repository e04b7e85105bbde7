import type { StoreReadOptions, StoreSnapshot } from '../contract.ts'

interface ReaderRegistry {
  opened(reader: object): void
  closed(reader: object): void
}

/** A snapshot of a store that may be opened again: reads in it fail from then on. */
export class DurableSnapshot implements StoreSnapshot {
  readonly inner: StoreSnapshot
  readonly #registry: ReaderRegistry

  constructor(inner: StoreSnapshot, registry: ReaderRegistry) {
    this.inner = inner
    this.#registry = registry
    registry.opened(this)
  }

  close(): Promise<void> {
    this.#registry.closed(this)
    return this.inner.close()
  }
}

/** Options for the store below. */
export function unwrapped<Options extends StoreReadOptions>(options: Options): Options
export function unwrapped(options: StoreReadOptions | undefined): StoreReadOptions | undefined
export function unwrapped(options: StoreReadOptions | undefined): StoreReadOptions | undefined {
  if (!(options?.snapshot instanceof DurableSnapshot)) return options
  return { ...options, snapshot: options.snapshot.inner }
}
