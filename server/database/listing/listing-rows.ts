import { jsonString } from '../../../protocol/json/json-string.ts'
import { readFirstBodies } from '../reading/read-bodies.ts'
import { type ReadPace, UNHURRIED } from '../reading/read-pace.ts'
import type { RowBuffer } from '../reading/row-buffer.ts'
import { ID_OFFSET } from '../../storage/keys.ts'
import { attachmentsAroundData, STUBS } from '../documents/attachments-member.ts'
import type { BodyRecord } from '../documents/body-record.ts'
import type { Database } from '../database.ts'
import {
  isBranchedRecord,
  isLiveRecord,
  REV_OFFSET,
  revEndOf,
  winnerBodyOf,
} from '../documents/document-record.ts'
import type { TextAroundData } from '../documents/unfilled-json.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import { conflictsMember } from './conflicts-member.ts'
import type { ListingQuery } from './listing-query.ts'

/** Bytes of the documents of a page, about; fewer where others wait for their turn. */
const PAGE_BYTES = 128 * 1024
const SMALL_PAGE_BYTES = 32 * 1024

export type StoredEntry = readonly [key: Uint8Array, record: Uint8Array]

// What stands between the bytes that are copied.
const ID = Buffer.from('{"id":"')
const KEY = Buffer.from('","key":"')
const VALUE = Buffer.from('","value":{"rev":"')
const LIVE_END = Buffer.from('"}')
const DELETED_END = Buffer.from('","deleted":true}')
const LONGEST_START = ID.length + KEY.length + VALUE.length + DELETED_END.length
const DOC = Buffer.from(',"doc":')
const END = Buffer.from('}')
const NULL = Buffer.from('null')
const DOC_ID = Buffer.from('{"_id":"')
const DOC_REV = Buffer.from('","_rev":"')
const QUOTE = Buffer.from('"')
const QUOTE_COMMA = Buffer.from('",')

/** Makes the rows of a list from documents' records, from the bytes as they are stored. */
export class ListingRows {
  readonly #database: Database
  readonly #snapshot: DatabaseSnapshot
  readonly #query: ListingQuery

  constructor(database: Database, snapshot: DatabaseSnapshot, query: ListingQuery) {
    this.#database = database
    this.#snapshot = snapshot
    this.#query = query
  }

  /** True where rows show documents. */
  get haveDocuments(): boolean {
    return this.#query.includeDocs
  }

  /**
   * The documents of a page, where they are wanted; those of tombstones are null. Where documents are large they are those
   * of the first entries, at least one.
   */
  async documents(
    entries: readonly StoredEntry[],
    { mayReadAhead }: ReadPace = UNHURRIED,
  ): Promise<readonly (Document | undefined)[]> {
    if (!this.#query.includeDocs) return []
    const live = entries.map(([, record]) => isLiveRecord(record))
    const numbers = entries.filter((_, index) => live[index]).map(([, record]) => winnerBodyOf(record))
    const bytes = mayReadAhead ? PAGE_BYTES : SMALL_PAGE_BYTES
    const bodies = await readFirstBodies(this.#database, numbers, bytes, this.#snapshot)
    let next = 0
    const documents: (Document | undefined)[] = []
    for (const [i, entry] of entries.entries()) {
      if (live[i] === true && next === bodies.length) break
      const body = live[i] === true ? bodies[next++] : undefined
      documents.push(
        body && { body, extras: this.#isPlain(entry, body) ? [] : await this.#extras(entry, body) },
      )
    }
    return documents
  }

  /** Appends a row. */
  write(out: RowBuffer, [key, record]: StoredEntry, document: Document | undefined): void {
    const isPlain = isPlainText(key, ID_OFFSET, key.length)
    if (!isPlain || !writePlainStart(out, key, record)) writeStart(out, key, record, isPlain)
    if (this.#query.includeDocs) {
      out.bytes(DOC)
      this.#writeDocument(out, key, record, isPlain, document)
    }
    out.bytes(END)
  }

  #writeDocument(
    out: RowBuffer,
    key: Uint8Array,
    record: Uint8Array,
    isPlain: boolean,
    document: Document | undefined,
  ): void {
    if (document === undefined) out.bytes(NULL)
    else {
      const { body } = document.body
      out.bytes(DOC_ID)
      writeId(out, key, isPlain)
      out.bytes(DOC_REV)
      writeRev(out, record)
      if (body.length > 2) {
        out.bytes(QUOTE_COMMA)
        out.copy(body, 1, body.length - 1)
      } else out.bytes(QUOTE)
      if (document.extras.length > 0) out.aroundData(document.extras)
      out.bytes(END)
    }
  }

  /** Returns true if the row shows the body alone, so that its members need no further reads. */
  #isPlain([, record]: StoredEntry, { attachments }: BodyRecord): boolean {
    return attachments.length === 0 && !(this.#query.conflicts && isBranchedRecord(record))
  }

  async #extras([key, record]: StoredEntry, { attachments }: BodyRecord): Promise<TextAroundData> {
    const { conflicts, attachments: withData, attEncodingInfo } = this.#query
    const others =
      conflicts && isBranchedRecord(record) ? await conflictsMember(this.#snapshot, key, record) : ''
    const view = {
      ...STUBS,
      show: withData ? ('data' as const) : ('stubs' as const),
      encodingInfo: attEncodingInfo,
    }
    return [others, ...attachmentsAroundData(attachments, view)]
  }
}

/** A document as a row with `include_docs` shows it. */
interface Document {
  readonly body: BodyRecord
  /** Conflicts and attachments. */
  readonly extras: TextAroundData
}

const SPACE = 0x20
const QUOTATION = 0x22
const BACKSLASH = 0x5c

/** Returns true if the bytes need no escapes in a JSON string; nearly all ids need none. */
function isPlainText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let offset = from; offset < to; offset++) {
    const byte = bytes[offset]!
    if (byte < SPACE || byte === QUOTATION || byte === BACKSLASH) return false
  }
  return true
}

/**
 * Appends a row up to its value where id and revision need no escapes, as in nearly all rows: piece by piece into one memory.
 *
 * @returns false where nothing was appended
 */
function writePlainStart(out: RowBuffer, key: Uint8Array, record: Uint8Array): boolean {
  const revEnd = revEndOf(record)
  if (!isPlainText(record, REV_OFFSET, revEnd)) return false
  const end = isLiveRecord(record) ? LIVE_END : DELETED_END
  const bytes = out.reserve(LONGEST_START + 2 * key.length + revEnd)
  let length = place(bytes, out.length, ID, 0, ID.length)
  length = place(bytes, length, key, ID_OFFSET, key.length)
  length = place(bytes, length, KEY, 0, KEY.length)
  length = place(bytes, length, key, ID_OFFSET, key.length)
  length = place(bytes, length, VALUE, 0, VALUE.length)
  length = place(bytes, length, record, REV_OFFSET, revEnd)
  out.advanceTo(place(bytes, length, end, 0, end.length))
  return true
}

/** Copies `source[from, to)` to an offset. @returns the offset behind it */
function place(bytes: Uint8Array, offset: number, source: Uint8Array, from: number, to: number): number {
  while (from < to) bytes[offset++] = source[from++]!
  return offset
}

/** Appends a row up to its value. */
function writeStart(out: RowBuffer, key: Uint8Array, record: Uint8Array, isPlain: boolean): void {
  out.bytes(ID)
  writeId(out, key, isPlain)
  out.bytes(KEY)
  writeId(out, key, isPlain)
  out.bytes(VALUE)
  writeRev(out, record)
  out.bytes(isLiveRecord(record) ? LIVE_END : DELETED_END)
}

function writeId(out: RowBuffer, key: Uint8Array, isPlain: boolean): void {
  if (isPlain) out.copy(key, ID_OFFSET, key.length)
  else out.text(escaped(key.subarray(ID_OFFSET)))
}

function writeRev(out: RowBuffer, record: Uint8Array): void {
  const end = revEndOf(record)
  if (isPlainText(record, REV_OFFSET, end)) out.copy(record, REV_OFFSET, end)
  else out.text(escaped(record.subarray(REV_OFFSET, end)))
}

function escaped(text: Uint8Array): string {
  return jsonString(Buffer.from(text).toString()).slice(1, -1)
}
