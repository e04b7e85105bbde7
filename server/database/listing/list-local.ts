import { asDocId } from '../../../protocol/document-id.ts'
import { FULL_CHUNK, RowBuffer } from '../reading/row-buffer.ts'
import { textOfKey } from '../../storage/keys.ts'
import type { Database } from '../database.ts'
import { renderLocalDocument } from '../documents/local-documents.ts'
import { decodeLocalDocument } from '../documents/local-record.ts'
import { listingHead } from './listing-head.ts'
import type { ListingQuery } from './listing-query.ts'
import type { StoredEntry } from './listing-rows.ts'

const DOCUMENTS_AT_A_TIME = 250

/** Ids of `_local` documents that CouchDB itself writes: checkpoints between the nodes of a cluster, and how far indexes have read purges. */
const SYSTEM_DOCUMENT = /^_local\/(?:shard-sync|purge)-/

/** Lists the `_local` documents of a range. They are not counted: `total_rows` and `offset` are null, as in CouchDB. */
export async function* listLocal(
  database: Database,
  query: ListingQuery,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { from, to, descending, skip, limit, includeDocs, includeSystem } = query
  const snapshot = database.snapshot()
  const iterator = snapshot.iterator({ gte: from, lt: to, reverse: descending })
  try {
    const out = new RowBuffer()
    out.text(listingHead(database, query, snapshot, { total: null, offset: null }))
    let index = 0
    while (index < skip + limit) {
      const entries = await iterator.nextv(Math.min(DOCUMENTS_AT_A_TIME, skip + limit - index))
      if (entries.length === 0) break
      for (const entry of entries) {
        if (includeSystem !== true && SYSTEM_DOCUMENT.test(textOfKey(entry[0]))) continue
        if (index++ < skip) continue
        if (index > skip + 1) out.text(',\r\n')
        localRow(out, entry, includeDocs)
        if (out.length >= FULL_CHUNK) yield out.take()
      }
    }
    out.text('\r\n]}')
    yield out.take()
  } finally {
    await iterator.close()
    await snapshot.close()
  }
}

export function localRow(out: RowBuffer, [key, record]: StoredEntry, includeDocs: boolean): void {
  const document = decodeLocalDocument(asDocId(textOfKey(key)), record)
  const id = JSON.stringify(document.id)
  out.text(`{"id":${id},"key":${id},"value":{"rev":${JSON.stringify(document.rev)}}`)
  if (includeDocs) {
    out.text(',"doc":')
    out.bytes(renderLocalDocument(document))
  }
  out.text('}')
}
