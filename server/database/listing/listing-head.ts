import { DESIGN, DESIGN_END } from '../../../protocol/document-id.ts'
import { KeySpace } from '../../storage/keys.ts'
import type { Database } from '../database.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import type { ListingQuery } from './listing-query.ts'
import { STORAGE } from '../storage-of.ts'

/** Returns the JSON text in front of the rows: `total_rows`, `offset` and `update_seq`, as far as they are asked for. */
export function listingHead(
  database: Database,
  { updateSeq, keys }: Pick<ListingQuery, 'updateSeq' | 'keys'>,
  snapshot: DatabaseSnapshot,
  { total, offset }: { total: number | null; offset: number | null },
): string {
  const seq = keys === undefined ? JSON.stringify(database.formatSeq(snapshot.state.seq)) : 'null'
  return `{"total_rows":${total},"offset":${offset}${updateSeq ? `,"update_seq":${seq}` : ''},"rows":[\r\n`
}

/** Design documents that are not deleted. */
export async function countDesigns(database: Database): Promise<number> {
  const ends = [DESIGN, DESIGN_END].map(id => database[STORAGE].keys.text(KeySpace.document, id))
  const [from, to] = await Promise.all(ends.map(key => database.ranks.documentsBefore(key)))
  await Promise.all([from?.snapshot.close(), to?.snapshot.close()])
  return (to?.before ?? 0) - (from?.before ?? 0)
}
