import type { StoreIterator } from './contract.ts'

/**
 * Iterator over the results of a function of another iterator's elements. The function takes a list at a time: a call for each
 * element costs as much as some of what is done with them. It may use the list again, as nobody else has it.
 */
export class MappedIterator<From, To> implements StoreIterator<To> {
  readonly #inner: StoreIterator<From>
  readonly #map: (from: From[]) => To[]
  readonly #errorOf: (error: unknown) => unknown

  /** @param errorOf makes what is thrown of what the other iterator or the function throws */
  constructor(
    inner: StoreIterator<From>,
    map: (from: From[]) => To[],
    errorOf: (error: unknown) => unknown = error => error,
  ) {
    this.#inner = inner
    this.#map = map
    this.#errorOf = errorOf
  }

  async nextv(size: number): Promise<To[]> {
    try {
      return this.#map(await this.#inner.nextv(size))
    } catch (error) {
      throw this.#errorOf(error)
    }
  }

  async all(): Promise<To[]> {
    try {
      return this.#map(await this.#inner.all())
    } catch (error) {
      throw this.#errorOf(error)
    }
  }

  seek(key: Uint8Array): void {
    this.#inner.seek(key)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<To, void, undefined> {
    try {
      for await (const entry of this.#inner) yield* this.#map([entry])
    } catch (error) {
      throw this.#errorOf(error)
    }
  }
}
