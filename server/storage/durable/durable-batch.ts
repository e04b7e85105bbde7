import type { StoreBatch, StoreWriteOptions } from '../contract.ts'

/**
 * A batch that is written in the turn of its store. When the store was opened again meanwhile it cannot be written any
 * more: whoever filled it may have built on what was lost.
 */
export class DurableBatch implements StoreBatch {
  readonly #inner: StoreBatch | undefined
  readonly #isCurrent: () => boolean
  readonly #write: (batch: StoreBatch | undefined, options: StoreWriteOptions) => Promise<void>

  /** @param inner undefined where the store takes no writes: writing it is refused */
  constructor(
    inner: StoreBatch | undefined,
    isCurrent: () => boolean,
    write: (batch: StoreBatch | undefined, options: StoreWriteOptions) => Promise<void>,
  ) {
    this.#inner = inner
    this.#isCurrent = isCurrent
    this.#write = write
  }

  put(key: Uint8Array, value: Uint8Array): this {
    if (this.#isCurrent()) this.#inner?.put(key, value)
    return this
  }

  del(key: Uint8Array): this {
    if (this.#isCurrent()) this.#inner?.del(key)
    return this
  }

  write(options: StoreWriteOptions = {}): Promise<void> {
    return this.#write(this.#isCurrent() ? this.#inner : undefined, options)
  }
}
