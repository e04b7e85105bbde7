import { rowOfRecord } from '../database/documents/change-record.ts'
import type { Database } from '../database/database.ts'
import { changePages, lastSeq } from '../database/reading/change-pages.ts'

export interface ChangesPage {
  /** JSON text of each row. */
  readonly rows: readonly string[]
  /** The number of the last row's sequence. */
  readonly seq: number
}

const ROWS_AT_A_TIME = 500

/** The rows behind a sequence, in batches, as they stand in the index when reading begins: for readers in this process. */
export async function* changesAfter(
  database: Database,
  since: number,
  options: { allLeaves: boolean },
): AsyncGenerator<ChangesPage, void, undefined> {
  const range = { after: since, upTo: database.state.seq, size: ROWS_AT_A_TIME }
  for await (const page of changePages(database, range)) {
    yield {
      rows: page.map(record => Buffer.from(rowOfRecord(record, options.allLeaves)).toString()),
      seq: lastSeq(page),
    }
  }
}
