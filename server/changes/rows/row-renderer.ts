import type { Framing } from './framing.ts'
import type { RowBuffer } from '../../database/reading/row-buffer.ts'

/** Rows on their way to one answer, or to all answers that stand at the same place. */
export interface RowOutput {
  readonly buffer: RowBuffer
  readonly framing: Framing
  /** Rows given so far. */
  count: number
  /** Rows that may still be given; never reached when negative. */
  left: number
  /** The sequence number up to which records were looked at. */
  position: number
}

/** Makes the rows of a feed of the stored records. */
export interface RowRenderer {
  /** Equal where the same records give the same rows to everybody; undefined where a reader's own count matters. */
  readonly key: string | undefined
  /** Number of records to give to `render` at a time. */
  readonly pageSize: number
  /** Number that it may grow to while a long range is read. Default: pageSize. */
  readonly growsTo?: number
  /** True if making rows can fail for reasons of the client's, as a filter function of its own. */
  readonly mayFail: boolean
  /**
   * Appends the rows of records, in their order, as far as the output's limit allows.
   *
   * @returns how many records are done with, at least one while the limit allows: fewer than given where the limit was
   *   reached, or the documents are large
   */
  render(records: readonly Uint8Array[], out: RowOutput): number | Promise<number>
}
