import { compareKeys } from '../row-key.ts'

/** A record by its row key; undefined where it is removed. */
export type RowChange = readonly [rowKey: Uint8Array, value: Uint8Array | undefined]

/** Changes that are not in the store yet, in order of their keys. */
export class Overlay {
  readonly changes: readonly RowChange[]

  /** Of several changes of a key the last counts. */
  constructor(changes: Iterable<RowChange>) {
    const latest = new Map<string, RowChange>()
    for (const change of changes) latest.set(Buffer.from(change[0]).toString('latin1'), change)
    this.changes = [...latest.values()].sort((a, b) => compareKeys(a[0], b[0]))
  }

  /** The changes from a key to another, which is left out; undefined is the end. */
  between(from: Uint8Array, to: Uint8Array | undefined): readonly RowChange[] {
    return this.changes.slice(this.#at(from), to === undefined ? undefined : this.#at(to))
  }

  /** Records of the store with the changes put in. */
  merge(stored: readonly RowChange[], from: Uint8Array, to: Uint8Array | undefined): RowChange[] {
    const changes = this.between(from, to)
    if (changes.length === 0) return [...stored]
    const merged: RowChange[] = []
    let offset = 0
    for (const record of stored) {
      while (offset < changes.length && compareKeys((changes[offset] as RowChange)[0], record[0]) < 0) {
        merged.push(changes[offset++] as RowChange)
      }
      const isChanged =
        offset < changes.length && compareKeys((changes[offset] as RowChange)[0], record[0]) === 0
      merged.push(isChanged ? (changes[offset++] as RowChange) : record)
    }
    return [...merged, ...changes.slice(offset)].filter(([, value]) => value !== undefined)
  }

  #at(key: Uint8Array): number {
    let low = 0
    let high = this.changes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareKeys((this.changes[middle] as RowChange)[0], key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
