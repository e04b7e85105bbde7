import type { StoreIterator } from './contract.ts'

/** Iterator over the results of a function of another iterator's elements. */
export class MappedIterator<From, To> implements StoreIterator<To> {
  readonly #inner: StoreIterator<From>
  readonly #map: (from: From) => To

  constructor(inner: StoreIterator<From>, map: (from: From) => To) {
    this.#inner = inner
    this.#map = map
  }

  async nextv(size: number): Promise<To[]> {
    return this.#mapped(await this.#inner.nextv(size))
  }

  async all(): Promise<To[]> {
    return this.#mapped(await this.#inner.all())
  }

  /** Nobody else has the list: it is used again. */
  #mapped(found: From[]): To[] {
    const list = found as (From | To)[]
    for (const [index, one] of found.entries()) list[index] = this.#map(one)
    return list as To[]
  }

  seek(key: Uint8Array): void {
    this.#inner.seek(key)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<To, void, undefined> {
    for await (const entry of this.#inner) yield this.#map(entry)
  }
}
