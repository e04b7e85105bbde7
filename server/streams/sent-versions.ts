import { asDocId } from '../../protocol/document-id.ts'
import type { OutgoingEvent } from '../../protocol/streams/outgoing-events.ts'
import { SERVER } from '../../protocol/user-context.ts'
import type { LocalEdit } from '../database/commit/local-edits.ts'
import type { Database } from '../database/database.ts'
import { readLocalDocuments } from '../database/documents/local-documents.ts'
import { withRows } from './ingestion.ts'
import { decodeState, DELETED, encodeState, stateId } from './row-state.ts'

/**
 * Remembers versions that are sent to a database, before they are: when they come back from its log they acknowledge
 * themselves. Versions that came from there last are not sent back as news, and are not remembered.
 *
 * @param source name of the source as its events have it: "postgresql:shop:inventory.public.customers"
 */
export function rememberSent(
  database: Database,
  source: string,
  events: readonly OutgoingEvent[],
): Promise<void> {
  return withRows(database, async () => {
    const sent = events.filter(({ value }) => value !== null)
    const ids = sent.map(({ id }) => stateId(source, asDocId(id)))
    const stored = await readLocalDocuments(database, ids)
    const locals: LocalEdit[] = []
    for (const [index, { rev, digest = DELETED }] of sent.entries()) {
      const state = decodeState(stored[index]?.body)
      if (state.rev === rev || state.sent?.some(version => version.rev === rev) === true) continue
      const next = { ...state, sent: [...(state.sent ?? []), { rev, digest }] }
      locals.push({ id: ids[index]!, rev: undefined, deleted: false, body: encodeState(next) })
    }
    if (locals.length > 0) await database.write({ kind: 'write_rows', edits: [], locals, user: SERVER })
  })
}
