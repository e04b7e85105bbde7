import { lowerBound } from '../row-key.ts'

/** Rows in their order. */
export interface Rows {
  readonly keys: readonly Uint8Array[]
  /** Records of the store. */
  readonly rows: readonly Uint8Array[]
}

/** All rows from where a node of level 1 begins to where the next does. */
export class RowBlock implements Rows {
  readonly from: Uint8Array
  /** Exclusive end; undefined after the last node. */
  readonly to: Uint8Array | undefined
  readonly keys: readonly Uint8Array[]
  readonly rows: readonly Uint8Array[]

  constructor(range: { from: Uint8Array; to: Uint8Array | undefined }, { keys, rows }: Rows) {
    this.from = range.from
    this.to = range.to
    this.keys = keys
    this.rows = rows
  }

  /** @param to left out; undefined is the end */
  between(from: Uint8Array, to: Uint8Array | undefined): Rows {
    const first = lowerBound(this.keys, from)
    const end = to === undefined ? this.keys.length : lowerBound(this.keys, to)
    return { keys: this.keys.slice(first, end), rows: this.rows.slice(first, end) }
  }

  get bytes(): number {
    return [...this.keys, ...this.rows].reduce((sum, { length }) => sum + length, 0)
  }
}
