import type { JsonValue } from '../../../../protocol/json-value.ts'
import { countOf, reductionOf } from './node.ts'
import { lowerBound } from '../row-key.ts'

/** The nodes of a level, in order; their reductions are decoded once. */
export class LevelNodes {
  readonly #starts: readonly Uint8Array[]
  readonly #records: readonly Uint8Array[]
  readonly #reductions: (JsonValue | undefined)[] = []

  /** @param starts where each begins */
  constructor(starts: readonly Uint8Array[], records: readonly Uint8Array[]) {
    this.#starts = starts
    this.#records = records
  }

  get length(): number {
    return this.#starts.length
  }

  startOf(index: number): Uint8Array {
    return this.#starts[index] as Uint8Array
  }

  countOf(index: number): number {
    return countOf(this.#records[index] as Uint8Array)
  }

  reductionOf(index: number): JsonValue | undefined {
    this.#reductions[index] ??= reductionOf(this.#records[index] as Uint8Array)
    return this.#reductions[index]
  }

  /** The place of the first that does not begin before the key. */
  lowerBound(key: Uint8Array): number {
    return lowerBound(this.#starts, key)
  }
}
