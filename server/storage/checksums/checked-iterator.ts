import type { RangeOptions, StoreIterator } from '../contract.ts'
import { iterate } from '../iterate.ts'
import { MappedIterator } from '../mapped-iterator.ts'

export interface CheckedReading<From, To> {
  readonly map: (found: From[]) => To[]
  /** Thrown in place of rows. */
  readonly refusal: Error | undefined
  /** Returns the error that is thrown for one of the store below. */
  readonly errorOf: (error: unknown) => unknown
}

/**
 * Iterator that tells of blocks which could not be read. LevelDB passes over such a block and keeps its error until it is asked,
 * which classic-level does at the end of a range alone: a reader that stops before, at its limit for instance, asks here, as
 * it closes. So what was read is only known to be whole when `close` has returned.
 */
export class CheckedIterator<From, To> extends MappedIterator<From, To> {
  readonly #inner: StoreIterator<From>
  readonly #probe: StatusProbe
  readonly #errorOf: (error: unknown) => unknown
  readonly #refusal: Error | undefined
  #left: number
  #isUnasked = false
  #reading: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  /** @param open begins to read a range of the store below */
  constructor(
    open: (range: RangeOptions) => StoreIterator<From>,
    { limit = -1, ...range }: RangeOptions,
    { map, refusal, errorOf }: CheckedReading<From, To>,
  ) {
    const probe = new StatusProbe()
    const inner = open({ ...range, limit, ...({ signal: probe } as object) })
    super(inner, map, errorOf)
    this.#inner = inner
    this.#probe = probe
    this.#errorOf = errorOf
    this.#refusal = refusal
    this.#left = limit < 0 ? Infinity : limit
  }

  override async nextv(size: number): Promise<To[]> {
    const most = Math.min(size, this.#left)
    if (most <= 0) return []
    if (this.#refusal !== undefined) throw this.#errorOf(this.#refusal)
    this.#isUnasked = true
    // One more than the limit makes LevelDB see the end, and its error there: nothing is left to ask as it closes.
    const reading = super.nextv(most === this.#left ? most + 1 : most)
    this.#reading = reading
    const found = await reading
    this.#left -= found.length
    if (found.length === 0) this.#isUnasked = false
    return found
  }

  override async all(): Promise<To[]> {
    if (this.#left === Infinity && this.#refusal === undefined) return super.all()
    const all: To[] = []
    try {
      for (;;) {
        const found = await this.nextv(this.#left)
        if (found.length === 0) break
        all.push(...found)
      }
    } finally {
      await this.close()
    }
    return all
  }

  /** @throws DamagedValueError where something that was read over could not be read */
  override close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  override [Symbol.asyncIterator](): AsyncGenerator<To, void, undefined> {
    return iterate(this)
  }

  async #close(): Promise<void> {
    try {
      await this.#reading.catch(() => undefined)
      if (this.#isUnasked) await this.#probe.ask(this.#inner)
    } catch (error) {
      throw this.#errorOf(error)
    } finally {
      await super.close()
    }
  }
}

/**
 * Asks LevelDB for the status of an iterator, in the place of an `AbortSignal`: classic-level asks for it when a read is
 * aborted. To JavaScript the iterator is not aborted, so that the read gets as far as LevelDB.
 */
class StatusProbe {
  readonly aborted = false
  #abort: (() => void) | undefined

  addEventListener(_type: 'abort', abort: () => void): void {
    this.#abort = abort
  }

  removeEventListener(_type: 'abort', abort: () => void): void {
    if (this.#abort === abort) this.#abort = undefined
  }

  /** Ends an iterator. @throws the error that LevelDB kept */
  async ask(iterator: StoreIterator<unknown>): Promise<void> {
    // Stores in memory know no signals, and have nothing to ask.
    if (this.#abort === undefined) return
    this.#abort()
    await iterator.nextv(1).catch((error: unknown) => {
      if (isKeptByLevelDb(error)) throw error
    })
  }
}

/** Returns whether an error is one of reading, and not of the iterator being aborted or the store being closed. */
function isKeptByLevelDb(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return 'code' in error ? error.code === 'LEVEL_CORRUPTION' : error.message.startsWith('IO error')
}
