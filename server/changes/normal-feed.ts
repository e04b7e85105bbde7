import { withInlineData } from '../database/documents/inline-data.ts'
import type { Database } from '../database/database.ts'
import type { FeedRequest } from './feed-request.ts'
import { backfill } from './backfill.ts'
import type { FeedStyle } from './live/feed-style.ts'
import type { RowRenderer } from './rows/row-renderer.ts'
import { RowBuffer } from '../database/reading/row-buffer.ts'

/** A normal feed's answer, in chunks. What the filter throws, it throws before the first chunk or breaks off. */
export async function* normalFeed(
  database: Database,
  request: FeedRequest,
  renderer: RowRenderer,
  style: FeedStyle,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = rowChunks(database, request, renderer, style)
  yield* request.rows.attachments ? withInlineData(chunks, database.attachments) : chunks
}

async function* rowChunks(
  database: Database,
  request: FeedRequest,
  renderer: RowRenderer,
  style: FeedStyle,
): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = new RowBuffer()
  if (style.opening !== undefined) buffer.bytes(style.opening)
  const out = { buffer, framing: style.framing, count: 0, left: request.limit, position: 0 }
  const { last, pending } = yield* backfill(database, request, renderer, out)
  const ending = style.ending(database.formatSeq(last), pending)
  if (ending !== undefined) buffer.bytes(ending)
  yield buffer.take()
}
