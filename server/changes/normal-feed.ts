import { withInlineData } from '../database/documents/inline-data.ts'
import type { Database } from '../database/database.ts'
import type { FeedRequest } from './feed-request.ts'
import { backfill, NOWHERE, type FeedEnd } from './backfill.ts'
import type { FeedStyle } from './live/feed-style.ts'
import { isResumable } from './resumable.ts'
import type { RowRenderer } from './rows/row-renderer.ts'
import type { ReadPace } from '../database/reading/read-pace.ts'
import { RowBuffer } from '../database/reading/row-buffer.ts'

/**
 * A normal feed's answer, in chunks, of which some may be empty. What the filter throws, it throws before the first chunk
 * or breaks off.
 */
export async function* normalFeed(
  database: Database,
  request: FeedRequest,
  { renderer, style, pace }: { renderer: RowRenderer; style: FeedStyle; pace: ReadPace },
): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = new RowBuffer()
  if (style.opening !== undefined) buffer.bytes(style.opening)
  const out = { buffer, framing: style.framing, count: 0, left: request.limit, position: request.start }
  const upTo = database.state.seq
  const read = (start: number): AsyncGenerator<Uint8Array, FeedEnd, undefined> =>
    backfill(database, { ...request, start, upTo, pace }, renderer, out)
  const rows = pauses(read, request, { pace, position: () => out.position })
  const { last, pending } = yield* request.rows.attachments ? withData(rows, database) : rows
  const ending = style.ending(database.formatSeq(last), pending)
  if (ending !== undefined) buffer.bytes(ending)
  const rest = buffer.take()
  if (request.rows.attachments) yield* withInlineData(only(rest), database.attachments)
  else yield rest
}

/** Reads rows; what was read and not given is dropped when the client stalls, and read again when it goes on. */
async function* pauses(
  read: (start: number) => AsyncGenerator<Uint8Array, FeedEnd, undefined>,
  request: FeedRequest,
  { pace, position }: { pace: ReadPace; position: () => number },
): AsyncGenerator<Uint8Array, FeedEnd, undefined> {
  let rows: ReturnType<typeof read> | undefined = read(request.start)
  if (isResumable(request)) {
    pace.onStall = () => {
      void rows?.return(NOWHERE)
      rows = undefined
    }
  }
  try {
    for (;;) {
      const next: IteratorResult<Uint8Array, FeedEnd> = await (rows ??= read(position())).next()
      if (next.done === true) return next.value
      yield next.value
    }
  } finally {
    pace.onStall = undefined
    await rows?.return(NOWHERE)
  }
}

/** Fills in the data of attachments, and returns what the rows return. */
async function* withData(
  rows: AsyncGenerator<Uint8Array, FeedEnd, undefined>,
  database: Database,
): AsyncGenerator<Uint8Array, FeedEnd, undefined> {
  try {
    for (;;) {
      const next = await rows.next()
      if (next.done === true) return next.value
      if (next.value.length === 0) yield next.value
      else yield* withInlineData(only(next.value), database.attachments)
    }
  } finally {
    await rows.return(NOWHERE)
  }
}

async function* only(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield chunk
}
