import type { StoreIterator } from './contract.ts'

/** What an iterator gives, each turned into something else. */
export class MappedIterator<From, To> implements StoreIterator<To> {
  readonly #inner: StoreIterator<From>
  readonly #map: (from: From) => To

  constructor(inner: StoreIterator<From>, map: (from: From) => To) {
    this.#inner = inner
    this.#map = map
  }

  async nextv(size: number): Promise<To[]> {
    return (await this.#inner.nextv(size)).map(this.#map)
  }

  async all(): Promise<To[]> {
    return (await this.#inner.all()).map(this.#map)
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
