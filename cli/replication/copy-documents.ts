import type { Server } from '../frame/server.ts'

/** Names or URLs of two databases, as `_replicate` takes them. */
export interface DatabasePair {
  readonly source: string
  readonly target: string
}

/** Documents that one replication copies. */
const COPIED_AT_ONCE = 500

/** Has a server replicate some documents from one database to another, without checkpoints. */
export async function copyDocuments(
  server: Server,
  sides: DatabasePair,
  ids: Iterable<string>,
): Promise<void> {
  // `doc_ids` are decoded as parts of URLs are.
  const all = Array.from(ids, encodeURIComponent)
  for (let start = 0; start < all.length; start += COPIED_AT_ONCE) {
    const body = { ...sides, doc_ids: all.slice(start, start + COPIED_AT_ONCE), use_checkpoints: false }
    await server.send('POST', '_replicate', body)
  }
}
