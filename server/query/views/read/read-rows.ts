import { fail } from '../../../../protocol/errors.ts'
import type { JsonObject, JsonValue } from '../../../../protocol/json-value.ts'
import { asDocId, type DocId } from '../../../../protocol/document-id.ts'
import { parseRev } from '../../../../protocol/revision.ts'
import type { UserContext } from '../../../../protocol/user-context.ts'
import { findRev } from '../../../../protocol/revtree/history.ts'
import type { Database } from '../../../database/database.ts'
import { readRevision, readUnfilled, type FoundRevision } from '../../../database/documents/read-document.ts'
import { rowParts, rowText } from '../../../../protocol/view-row.ts'
import { withInlineData } from '../../../database/documents/inline-data.ts'
import { FULL_CHUNK, RowBuffer } from '../../../database/reading/row-buffer.ts'
import type { UnfilledJson } from '../../../database/documents/unfilled-json.ts'
import { RowsOfKeys } from './rows-of-keys.ts'
import type { ViewReader } from './view-reader.ts'
import type { RowRange, ViewQuery } from '../request/view-query.ts'

const ROWS_AT_A_TIME = 1000
/** Number of skipped rows from which nodes are used to find the first wanted row. */
const MANY_ROWS = 128
/** With documents a batch is smaller: it is held in memory. */
const DOCUMENTS_AT_A_TIME = 100
const SEPARATOR = Buffer.from(',\n')
const BEFORE_DOCUMENT = Buffer.from(',"doc":')
const NO_DOCUMENT = Buffer.from('null')
const END = Buffer.from('}')

/** The database of `include_docs`, and the user who is shown its documents. */
export interface DocumentSource {
  readonly database: Database
  readonly reader: UserContext
}

/** The rows of a query, as JSON texts joined by ",\n", in pieces. */
export async function* readRows(
  reader: ViewReader,
  query: ViewQuery,
  documents: DocumentSource,
): AsyncGenerator<Uint8Array | string> {
  if (query.ranges.length === 1) {
    yield* rowsOfRanges(reader, query, documents, rowsOf)
    return
  }
  const rows = new RowsOfKeys(reader, query.descending)
  try {
    yield* rowsOfRanges(reader, query, documents, (_reader, range) => rows.read(range, batchOf(query)))
  } finally {
    await rows.close()
  }
}

async function* rowsOfRanges(
  reader: ViewReader,
  query: ViewQuery,
  documents: DocumentSource,
  read: typeof rowsOf,
): AsyncGenerator<Uint8Array | string> {
  let { skip, limit } = query
  let isFirst = true
  let { ranges } = query
  const only = ranges.at(0)
  if (skip > MANY_ROWS && reader.hasNodes && ranges.length === 1 && only !== undefined) {
    const left = await reader.skip(only, skip, query.descending)
    ranges = [left]
    skip = left.skip
  }
  for (const range of ranges) {
    if (limit === 0) return
    for await (const records of read(reader, range, query, skip + limit)) {
      const rows = records.slice(skip, skip + limit)
      skip = Math.max(0, skip - records.length)
      limit -= rows.length
      if (rows.length > 0) {
        if (!isFirst) yield SEPARATOR
        if (query.includeDocs && query.attachments)
          yield* withInlineData(withAttachments(rows, query, documents), documents.database.attachments)
        else if (query.includeDocs) yield* withDocuments(rows, query, documents)
        else yield joined(rows)
        isFirst = false
      }
      if (limit === 0) return
    }
  }
}

async function* rowsOf(
  { store, keys, view, snapshot }: ViewReader,
  { from, to }: RowRange,
  query: ViewQuery,
  limit: number,
): AsyncGenerator<Uint8Array[]> {
  const iterator = store.values({
    gte: keys.row(view, from),
    lt: to === undefined ? keys.rows(view).lt : keys.row(view, to),
    reverse: query.descending,
    snapshot,
    ...(Number.isFinite(limit) ? { limit } : {}),
    // LevelDB's own measure of a batch; other stores do not know it.
    ...({ highWaterMarkBytes: 128 * 1024 } as object),
  })
  try {
    for (;;) {
      const rows = await iterator.nextv(batchOf(query))
      if (rows.length === 0) return
      yield rows
    }
  } finally {
    await iterator.close()
  }
}

function batchOf({ includeDocs }: ViewQuery): number {
  return includeDocs ? DOCUMENTS_AT_A_TIME : ROWS_AT_A_TIME
}

function joined(rows: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = []
  for (const [index, row] of rows.entries()) {
    if (index > 0) parts.push(SEPARATOR)
    parts.push(rowText(row))
  }
  return Buffer.concat(parts)
}

/** Documents may be large: a piece ends with the one that fills it. */
function* withDocuments(
  rows: readonly Uint8Array[],
  query: ViewQuery,
  { database, reader }: DocumentSource,
): Generator<Uint8Array> {
  const options = { conflicts: query.conflicts, attEncodingInfo: query.attEncodingInfo }
  const out = new RowBuffer()
  for (const [index, row] of rows.entries()) {
    const linked = linkedBy(row, database)
    const text = rowText(row)
    if (index > 0) out.bytes(SEPARATOR)
    out.copy(text, 0, text.length - 1)
    out.bytes(BEFORE_DOCUMENT)
    if (linked === undefined) out.bytes(NO_DOCUMENT)
    else out.bytes(readRevision(database, linked.id, linked.found, options, reader).json)
    out.bytes(END)
    if (out.length >= FULL_CHUNK) yield out.take()
  }
  if (out.length > 0) yield out.take()
}

/** Rows with their documents, whose attachments are inline: a piece for each. */
function* withAttachments(
  rows: readonly Uint8Array[],
  query: ViewQuery,
  { database, reader }: DocumentSource,
): Generator<string | UnfilledJson> {
  const { conflicts, attEncodingInfo } = query
  const options = { conflicts, attEncodingInfo, attachments: 'data' } as const
  for (const [index, row] of rows.entries()) {
    const linked = linkedBy(row, database)
    yield beforeDocument(index, row)
    yield linked === undefined
      ? 'null'
      : readUnfilled(database, linked.id, linked.found, options, reader).json
    yield '}'
  }
}

function beforeDocument(index: number, row: Uint8Array): string {
  const text = Buffer.from(rowText(row)).toString()
  return `${index === 0 ? '' : ',\n'}${text.slice(0, -1)},"doc":`
}

/** Returns the document of a row, or the one that its value links to; undefined if that is not there. */
function linkedBy(row: Uint8Array, database: Database): { id: DocId; found: FoundRevision } | undefined {
  const { id, value } = rowParts(row)
  const link = value.startsWith('{') ? (JSON.parse(value) as JsonObject) : {}
  const linked = Object.hasOwn(link, '_id') ? link._id : (JSON.parse(id) as string)
  if (typeof linked !== 'string') return undefined
  const rev = Object.hasOwn(link, '_rev') ? link._rev : undefined
  const found = findLinked(database, asDocId(linked), rev)
  return found && { id: asDocId(linked), found }
}

function findLinked(database: Database, id: DocId, rev: JsonValue | undefined): FoundRevision | undefined {
  const document = database.document(id)
  if (document === undefined) return undefined
  if (rev === undefined) return document.deleted ? undefined : { document, node: document }
  if (typeof rev !== 'string') throw fail('invalidRev')
  const node = findRev(document.tree, parseRev(rev))
  return node === undefined || node.body === 0 ? undefined : { document, node }
}
