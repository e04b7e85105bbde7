import { asDatabaseName } from '../../protocol/database-name.ts'
import { asDocId, type DocId } from '../../protocol/document-id.ts'
import type { DatabaseEvent } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'

/** The database whose documents are the events of `_db_updates`. */
export const GLOBAL_CHANGES = asDatabaseName('_global_changes')

const CREATED = 'created:'
const AFTER_CREATED = 'created;'

/** The document of a kind of event of a database, as CouchDB names it. */
export function eventId(type: DatabaseEvent, name: string): DocId {
  return asDocId(`${type}:${name}`)
}

/** Of an event nothing older than itself will be asked for: its document keeps no history. */
export async function keepNoHistory(log: Database): Promise<void> {
  if (log.state.revsLimit === 1) return
  await log.write({ kind: 'set_limit', name: 'revsLimit', limit: 1, silent: true })
}

/** The update sequence in the last event of a database; 0 if the event is of an earlier database of this name. */
export function toldSeq(log: Database, name: string): number {
  const document = log.document(eventId('updated', name))
  const created = log.document(eventId('created', name))
  if (document === undefined || document.seq < (created?.seq ?? 0)) return 0
  const { body } = log.body(document.body)
  return (JSON.parse(Buffer.from(body).toString()) as { seq?: number }).seq ?? 0
}

/** The databases of whose creation was told, with the event's place in the feed. */
export async function* createdDatabases(
  log: Database,
): AsyncGenerator<{ name: string; seq: number }, void, undefined> {
  for await (const { id, summary } of log.summariesBetween(CREATED, AFTER_CREATED)) {
    yield { name: id.slice(CREATED.length), seq: summary.seq }
  }
}
