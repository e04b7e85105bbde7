/**
 * Puts and deletions in their order, to be written in one batch: each key is followed by its value, or by undefined where
 * it is deleted. Plain data, so that it can be handed to another thread or node.
 */
export type WriteSet = readonly (Uint8Array | undefined)[]

/** Collects a write set. */
export class WriteSetBuilder {
  readonly #entries: (Uint8Array | undefined)[] = []

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Returns what was collected; puts and deletions that follow go into the same set. */
  get entries(): WriteSet {
    return this.#entries
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#entries.push(key, value)
  }

  delete(key: Uint8Array): void {
    this.#entries.push(key, undefined)
  }
}

/** Calls back for each entry of a set, with no value for a deletion. */
export function forEachWrite(
  writes: WriteSet,
  visit: (key: Uint8Array, value: Uint8Array | undefined) => void,
): void {
  for (let index = 0; index < writes.length; index += 2) visit(writes[index] as Uint8Array, writes[index + 1])
}
