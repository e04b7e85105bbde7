import { rowEnd, rowStart } from '../../database/documents/change-record.ts'
import { FULL_CHUNK } from '../../database/reading/row-buffer.ts'
import type { RowRenderer, RowOutput } from './row-renderer.ts'

/** Rows as they were rendered when the changes were written. */
export class StoredRows implements RowRenderer {
  readonly key: string
  /** Rows of about one chunk. */
  readonly pageSize = 500
  readonly growsTo = 2000
  readonly mayFail = false
  readonly #allLeaves: boolean

  constructor(allLeaves: boolean) {
    this.#allLeaves = allLeaves
    this.key = allLeaves ? 'all_docs' : 'main_only'
  }

  render(records: readonly Uint8Array[], out: RowOutput): number {
    const { buffer, framing } = out
    let done = 0
    for (const record of records) {
      // A chunk that grew beyond its memory would be copied, twice.
      if (out.left === 0 || (done > 0 && buffer.length >= FULL_CHUNK)) break
      framing.open(buffer, out.count)
      buffer.copy(record, rowStart(record, this.#allLeaves), rowEnd(record, this.#allLeaves))
      framing.close(buffer, record, true)
      out.count += 1
      out.left -= 1
      done += 1
    }
    return done
  }
}
