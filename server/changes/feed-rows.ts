import type { UserContext } from '../../protocol/user-context.ts'
import type { Database } from '../database/database.ts'
import { requireWholeView } from '../database/documents/apply-rules.ts'
import type { RowOptions } from './feed-request.ts'
import { ComposedRows } from './rows/composed-rows.ts'
import type { RowRenderer } from './rows/row-renderer.ts'
import { StoredRows } from './rows/stored-rows.ts'

const MAIN_ONLY = new StoredRows(false)
const ALL_DOCS = new StoredRows(true)

/**
 * Returns the renderer of a request's rows: where nothing is asked for but the rows, they are copied as they are stored.
 *
 * @param reader who is shown them
 * @throws what the database's rules throw for who may not see every document
 */
export function rowRendererOf(database: Database, rows: RowOptions, reader: UserContext): RowRenderer {
  requireWholeView(database, reader)
  const isPlain = !rows.includeDocs && rows.filter === undefined && rows.seqInterval === undefined
  if (isPlain) return rows.allLeaves ? ALL_DOCS : MAIN_ONLY
  return new ComposedRows(database, rows)
}
