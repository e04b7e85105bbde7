import type { Database } from '../database/database.ts'
import type { RowOptions } from './feed-request.ts'
import { ComposedRows } from './rows/composed-rows.ts'
import type { RowRenderer } from './rows/row-renderer.ts'
import { StoredRows } from './rows/stored-rows.ts'

const MAIN_ONLY = new StoredRows(false)
const ALL_DOCS = new StoredRows(true)

/** What makes a request's rows: where nothing is asked for but the rows, they are copied as they are stored. */
export function rowRendererOf(database: Database, rows: RowOptions): RowRenderer {
  const isPlain = !rows.includeDocs && rows.filter === undefined && rows.seqInterval === undefined
  if (isPlain) return rows.allLeaves ? ALL_DOCS : MAIN_ONLY
  return new ComposedRows(database, rows)
}
