import { filled } from '../database/documents/inline-data.ts'
import { UnfilledJson } from '../database/documents/unfilled-json.ts'
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
  const read = (start: number): Chunks => backfill(database, { ...request, start, upTo, pace }, renderer, out)
  const { last, pending } = yield* chunksOf(read, database, request, { pace, position: () => out.position })
  const ending = style.ending(database.formatSeq(last), pending)
  if (ending !== undefined) buffer.bytes(ending)
  const rest = buffer.takeUnfilled()
  if (rest instanceof UnfilledJson) yield* filled(rest, database.attachments)
  else yield rest
}

type Chunks = ReturnType<typeof backfill>

/**
 * Reads rows, and fills in the data of attachments. What was read and not given is dropped when the client stalls, and read
 * again when it goes on.
 */
async function* chunksOf(
  read: (start: number) => Chunks,
  { attachments }: Database,
  request: FeedRequest,
  { pace, position }: { pace: ReadPace; position: () => number },
): AsyncGenerator<Uint8Array, FeedEnd, undefined> {
  let rows: Chunks | undefined = read(request.start)
  if (isResumable(request)) {
    pace.onStall = () => {
      void rows?.return(NOWHERE)
      rows = undefined
    }
  }
  try {
    for (;;) {
      const next: Awaited<ReturnType<Chunks['next']>> = await (rows ??= read(position())).next()
      if (next.done === true) return next.value
      if (next.value instanceof UnfilledJson) yield* filled(next.value, attachments)
      else yield next.value
    }
  } finally {
    pace.onStall = undefined
    await rows?.return(NOWHERE)
  }
}
