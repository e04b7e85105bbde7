import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import { jsonString } from '../../../protocol/json/json-string.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import { checkMapParameters } from '../../../protocol/view-parameter-checks.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { ViewParameters } from '../../../protocol/view-parameters.ts'
import type { Database } from '../database.ts'
import { readRevision } from '../documents/read-document.ts'
import { givenRange } from '../listing/listing-query.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import { STORAGE } from '../storage-of.ts'
import {
  conflictKey,
  conflictRange,
  idOfConflictKey,
  revisionsText,
  sinceOfConflict,
} from './conflict-index.ts'

const PIECE_LENGTH = 64 * 1024
const ROWS_AT_A_TIME = 200
const SKIPPED_AT_A_TIME = 1000
const READ_AHEAD = { highWaterMarkBytes: 256 * 1024 }

export interface ConflictListOptions {
  /** Reader of the documents that `include_docs` adds. */
  readonly reader: UserContext
  /** Adds members to a row, each with a comma in front. */
  readonly extras?: (id: DocId) => string
}

/**
 * Lists the documents of a database that are in conflict, in chunks of JSON text: `{"total_rows":1,"rows":[{"id":"a",
 * "winner":"3-…","conflicts":["2-…"],"since":"2026-01-31T08:00:00.000Z"}]}`. With `include_docs` a row has all leaves that
 * are not deleted in `docs`, the winner first.
 *
 * @param parameters those of `_all_docs`: `startkey`, `endkey`, `key`, `keys`, `limit`, `skip`, `descending`,
 *   `inclusive_end`, `include_docs`
 * @throws `query_parse_error`
 */
export async function* listConflicts(
  database: Database,
  parameters: ViewParameters,
  options: ConflictListOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  checkMapParameters(parameters)
  const snapshot = database.snapshot()
  try {
    let separator = `{"total_rows":${snapshot.state.conflicts},"rows":[\r\n`
    for await (const entries of pages(database, snapshot, parameters)) {
      let text = ''
      for (const [id, record, key = id] of entries) {
        text +=
          separator +
          (record === undefined ? missingRow(key) : row(database, id, record, parameters, options))
        separator = ',\r\n'
        if (text.length < PIECE_LENGTH) continue
        yield Buffer.from(text)
        text = ''
      }
      if (text !== '') yield Buffer.from(text)
    }
    yield Buffer.from(separator.startsWith('{') ? `${separator}]}` : '\r\n]}')
  } finally {
    await snapshot.close()
  }
}

type ConflictEntry = readonly [id: DocId, record: Uint8Array | undefined, key?: JsonValue | undefined]

async function* pages(
  database: Database,
  snapshot: DatabaseSnapshot,
  parameters: ViewParameters,
): AsyncGenerator<readonly ConflictEntry[], void, undefined> {
  const { keys, descending = false, limit = Infinity, skip = 0 } = parameters
  if (keys === undefined) yield* rangePages(database, snapshot, parameters)
  else {
    const asked = (descending ? keys.toReversed() : [...keys]).slice(skip, skip + limit)
    for (let start = 0; start < asked.length; start += ROWS_AT_A_TIME) {
      const some = asked.slice(start, start + ROWS_AT_A_TIME)
      // Other values than texts are nobody's id.
      const ids = some.map(key => asDocId(typeof key === 'string' ? key : ''))
      const records = await snapshot.getMany(ids.map(id => conflictKey(database[STORAGE].keys, id)))
      yield ids.map((id, index) => [id, records[index], some[index]])
    }
  }
}

async function* rangePages(
  database: Database,
  snapshot: DatabaseSnapshot,
  parameters: ViewParameters,
): AsyncGenerator<readonly ConflictEntry[], void, undefined> {
  const { descending = false, limit = Infinity, skip = 0 } = parameters
  const { keys } = database[STORAGE]
  const whole = conflictRange(keys)
  const { from, to } = givenRange(parameters, id => conflictKey(keys, id), { from: whole.gte, to: whole.lt })
  if (limit === 0 || Buffer.compare(from, to) >= 0) return
  const iterator = snapshot.iterator({ gte: from, lt: to, reverse: descending, ...READ_AHEAD })
  try {
    for (let left = skip; left > 0;) {
      const skipped = (await iterator.nextv(Math.min(left, SKIPPED_AT_A_TIME))).length
      if (skipped === 0) return
      left -= skipped
    }
    for (let left = limit; left > 0;) {
      const entries = await iterator.nextv(Math.min(left, ROWS_AT_A_TIME))
      if (entries.length === 0) return
      left -= entries.length
      yield entries.map(([key, record]) => [idOfConflictKey(key), record])
    }
  } finally {
    await iterator.close()
  }
}

function row(
  database: Database,
  id: DocId,
  record: Uint8Array,
  parameters: ViewParameters,
  { reader, extras }: ConflictListOptions,
): string {
  const since = new Date(sinceOfConflict(record)).toISOString()
  const docs = parameters.includeDocs === true ? `,"docs":[${leafTexts(database, id, reader).join(',')}]` : ''
  return `{"id":${jsonString(id)},${revisionsText(record)},"since":"${since}"${extras?.(id) ?? ''}${docs}}`
}

function missingRow(key: JsonValue): string {
  return `{"key":${JSON.stringify(key)},"error":"not_found"}`
}

/** Returns the leaves of a document that are not deleted, as JSON text, the winner first. */
function leafTexts(database: Database, id: DocId, reader: UserContext): string[] {
  const document = database.document(id)
  if (document === undefined) return []
  return leaves(document.tree)
    .filter(({ deleted }) => !deleted)
    .map(node => readRevision(database, id, { document, node }, {}, reader).json.toString())
}
