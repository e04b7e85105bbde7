import { CouchError } from '../../../protocol/errors.ts'
import type { Seq } from '../../../protocol/sequence.ts'
import { ARRAY_FRAMING, EVENT_FRAMING, LINE_FRAMING, type Framing } from '../rows/framing.ts'
import type { FeedKind } from '../feed-request.ts'
import { sharedChunk, type SharedChunk } from './shared-chunk.ts'

/** Form of a kind of feed on the wire: headers, framing, heartbeats and endings. */
export interface FeedStyle {
  readonly framing: Framing
  readonly headers: Readonly<Record<string, string>>
  /** Stands before the rows. */
  readonly opening: Uint8Array | undefined
  /** Sent when a feed begins to wait without having given rows (fabric_view_changes: waiting_for_updates). */
  readonly idle: SharedChunk | undefined
  readonly heartbeat: SharedChunk
  /** True if the feed ends with its first rows, as a longpoll does. */
  readonly endsWithRows: boolean
  /** Stands behind the rows. */
  ending(last: Seq, pending: number): Uint8Array | undefined
  /** Returns the bytes that tell a reader of a failure; undefined if the answer has to be broken off. */
  failure(error: unknown): Uint8Array | undefined
}

const NEWLINE = sharedChunk(Buffer.from('\n'))
const JSON_HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'must-revalidate' }

const ARRAY: FeedStyle = {
  framing: ARRAY_FRAMING,
  headers: JSON_HEADERS,
  opening: Buffer.from('{"results":[\n'),
  idle: NEWLINE,
  heartbeat: NEWLINE,
  endsWithRows: true,
  ending: (last, pending) => Buffer.from(`\n],\n"last_seq":"${last}","pending":${pending}}\n`),
  failure: () => undefined,
}

const LINE: FeedStyle = {
  framing: LINE_FRAMING,
  headers: JSON_HEADERS,
  opening: undefined,
  idle: NEWLINE,
  heartbeat: NEWLINE,
  endsWithRows: false,
  ending: (last, pending) => Buffer.from(`{"last_seq":"${last}","pending":${pending}}\n`),
  failure: error => Buffer.from(`${describe(error)}\n`),
}

const EVENT: FeedStyle = {
  framing: EVENT_FRAMING,
  headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' },
  opening: Buffer.from('\n'),
  idle: undefined,
  heartbeat: sharedChunk(Buffer.from('event: heartbeat\ndata: \n\n')),
  endsWithRows: false,
  ending: () => undefined,
  failure: error => Buffer.from(`event: error\ndata: ${describe(error)}\n\n`),
}

/** Feeds of a database's changes. */
export const CHANGES_STYLES: Readonly<Record<FeedKind, FeedStyle>> = {
  normal: ARRAY,
  longpoll: ARRAY,
  continuous: LINE,
  eventsource: EVENT,
}

const UPDATES_ARRAY: FeedStyle = {
  ...ARRAY,
  ending: last => Buffer.from(`\n],\n"last_seq":"${last}"}\n`),
}

/** Feeds of `_db_updates`, which do not tell what is pending. */
export const DB_UPDATES_STYLES: Readonly<Record<FeedKind, FeedStyle>> = {
  normal: UPDATES_ARRAY,
  longpoll: UPDATES_ARRAY,
  continuous: { ...LINE, ending: last => Buffer.from(`{"last_seq":"${last}"}\n`) },
  eventsource: EVENT,
}

function describe(error: unknown): string {
  const { error: name, reason } =
    error instanceof CouchError ? error : { error: 'internal_server_error', reason: 'The feed failed.' }
  return JSON.stringify({ error: name, reason })
}
