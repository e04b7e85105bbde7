import { createHash } from 'node:crypto'
import { DESIGN, parseDocId, type DocId } from '../../../protocol/document-id.ts'
import { parseDocument } from '../../../protocol/document/parse.ts'
import { CouchError, fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import type { Rev } from '../../../protocol/revision.ts'
import { erlangText } from '../../../protocol/selector/erlang-text.ts'
import { compileSelector } from '../../../protocol/selector/selector.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { Database } from '../../database/database.ts'
import { writeDocuments } from '../../database/documents/write-documents.ts'
import type { DatabaseQueries } from '../database-queries.ts'
import { type DesignDocument } from '../design/design-document.ts'
import { readAny, readName, readOptions, readPositive, readString, splitIndexName } from './options.ts'
import { readSort } from './sort.ts'

const REQUEST = {
  index: { read: readAny },
  type: { initial: 'json', read: readString },
  name: { initial: undefined, read: readName },
  ddoc: { initial: undefined, read: readName },
  w: { initial: 2, read: readPositive },
  partitioned: { initial: null, read: readAny },
}

const BULK_DELETE = {
  docids: { read: readDocids },
  w: { initial: 2, read: readPositive },
}

const DEFINITION = {
  fields: { read: readSort },
  partial_filter_selector: {
    initial: {} as JsonObject,
    read: (value: JsonValue) => compileSelector(value).normalized,
  },
}

/**
 * Creates an index, in a design document that exists or in a new one.
 *
 * @throws Mango's errors
 */
export async function createIndex(
  queries: DatabaseQueries,
  body: JsonObject,
  user: UserContext,
): Promise<{ result: 'created' | 'exists'; id: string; name: string }> {
  const options = readOptions(body, REQUEST)
  checkType(options.type)
  const view = { map: readDefinition(options.index), reduce: '_count', options: { def: options.index } }
  const index = { name: options.name ?? digestOf(options.index), view, partitioned: options.partitioned }
  const ids = designIdsOf(options)
  const holder = ids.find(id => holdsIndex(queries.designs.find(id), index))
  if (holder !== undefined) return { result: 'exists', id: holder, name: index.name }
  const [id] = ids
  const existing = queries.designs.find(id)
  if (existing !== undefined && existing.value.language !== 'query') {
    throw fail('invalidDesignLanguage', languageText(existing.value))
  }
  const named = withPartitioned(bodyOf(existing?.value), index.partitioned, existing !== undefined)
  await save(queries.database, id, existing?.rev, withView(named, index.name, view), user)
  return { result: 'created', id, name: index.name }
}

interface NewIndex {
  readonly name: string
  readonly view: JsonObject
  readonly partitioned: JsonValue
}

function holdsIndex(ddoc: DesignDocument | undefined, { name, view, partitioned }: NewIndex): boolean {
  if (ddoc === undefined || ddoc.value.language !== 'query') return false
  const { views, options } = ddoc.value
  if (!isJsonObject(views) || !Object.hasOwn(views, name)) return false
  const isPartitioned = isJsonObject(options) ? options.partitioned : undefined
  if (typeof partitioned === 'boolean' && partitioned !== isPartitioned) return false
  return JSON.stringify(views[name]) === JSON.stringify(view)
}

/**
 * The design document that a new index goes into, and others in which it may exist. A generated id covers the index, its
 * name and whether it is partitioned, as CouchDB's does (mango_idx:gen_name/2), so that indexes of different names do
 * not share a design document. Earlier versions named it by the index alone.
 */
function designIdsOf({
  index,
  name,
  ddoc,
  partitioned,
}: {
  readonly index: JsonValue
  readonly name: string | undefined
  readonly ddoc: string | undefined
  readonly partitioned: JsonValue
}): readonly [DocId, ...DocId[]] {
  if (ddoc !== undefined) return [parseDocId(designId(ddoc))]
  const ofIndex = parseDocId(designId(digestOf(index)))
  if (name === undefined && typeof partitioned !== 'boolean') return [ofIndex]
  return [parseDocId(designId(digestOf([index, name ?? null, partitioned]))), ofIndex]
}

function digestOf(value: JsonValue): string {
  return createHash('sha1').update(JSON.stringify(value)).digest('hex')
}

/**
 * Deletes an index, and its design document with the last of them.
 *
 * @throws `not_found` where there is no such index
 */
export async function deleteIndex(
  queries: DatabaseQueries,
  ddoc: string,
  name: string,
  user: UserContext,
): Promise<void> {
  const existing = queries.designs.find(parseDocId(designId(ddoc)))
  const views = existing?.value.views
  if (
    existing === undefined ||
    existing.value.language !== 'query' ||
    !isJsonObject(views) ||
    !Object.hasOwn(views, name)
  ) {
    throw fail('missing')
  }
  const { [name]: _removed, ...others } = views
  const { views: _views, ...rest } = bodyOf(existing.value)
  const isEmpty = Object.keys(others).length === 0
  const body: JsonObject = isEmpty ? rest : { ...bodyOf(existing.value), views: others }
  const isBare = isEmpty && Object.keys(rest).every(member => member === 'language' || member === 'options')
  await save(queries.database, existing.id, existing.rev, isBare ? { _deleted: true } : body, user)
}

/**
 * The ids of the design documents of a `_bulk_delete`, whether they were given with `_design/` or without. @throws
 * Mango's errors
 */
export function readBulkDelete(body: JsonObject): readonly string[] {
  return readOptions(body, BULK_DELETE).docids
}

function readDocids(value: JsonValue): readonly string[] {
  if (!Array.isArray(value)) throw fail('invalidBulkDocs', erlangText(value))
  return value.map(id => {
    if (typeof id !== 'string') throw fail('invalidIndexName', erlangText(id))
    splitIndexName(id)
    return designId(id)
  })
}

function checkType(type: string): void {
  if (type === 'json') return
  if (type === 'text' || type === 'nouveau') throw fail('indexServiceUnavailable', type)
  throw fail('invalidIndexType', type)
}

function readDefinition(index: JsonValue): JsonObject {
  if (!isJsonObject(index)) throw fail('indexNotObject', erlangText(index))
  const { fields, partial_filter_selector: filter } = readOptions(index, DEFINITION)
  return { fields: Object.fromEntries(fields), partial_filter_selector: filter }
}

function designId(name: string): string {
  return name.startsWith(DESIGN) ? name : DESIGN + name
}

function bodyOf(value: JsonObject | undefined): JsonObject {
  if (value === undefined) return { language: 'query' }
  const { _id, _rev, ...body } = value
  return body
}

function withView(body: JsonObject, name: string, view: JsonObject): JsonObject {
  const views = isJsonObject(body.views) ? body.views : {}
  return { ...body, views: { ...views, [name]: view } }
}

/** Indexes of one design document are all partitioned, or none is. */
function withPartitioned(body: JsonObject, partitioned: JsonValue, exists: boolean): JsonObject {
  if (typeof partitioned !== 'boolean') return body
  const options = isJsonObject(body.options) ? body.options : {}
  if (options.partitioned === partitioned) return body
  if (exists) throw fail('partitionedMismatch')
  return { ...body, options: { ...options, partitioned } }
}

/** Returns the member as Erlang prints it, `false` without one. */
function languageText(value: JsonObject): string {
  if (value.language === undefined) return 'false'
  return `{${erlangText('language')},${erlangText(value.language)}}`
}

async function save(
  database: Database,
  id: DocId,
  rev: Rev | undefined,
  body: JsonObject,
  user: UserContext,
): Promise<void> {
  const input = parseDocument(Buffer.from(JSON.stringify(body)), { term: true })
  const [outcome] = await writeDocuments(database, [{ id, input: { ...input, rev } }], {
    replicated: false,
    user,
  })
  if (outcome?.error === undefined) return
  if (outcome.error instanceof CouchError && outcome.error.error === 'conflict')
    throw fail('indexSaveConflict')
  throw outcome.error
}
