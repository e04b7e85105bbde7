import { printRevisionDelta } from '../../../protocol/delta/revision-delta.ts'
import { asDocId } from '../../../protocol/document-id.ts'
import { type CouchError, fail } from '../../../protocol/errors.ts'
import type { MixedPart } from '../../../protocol/multipart/writer.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { Database } from '../../database/database.ts'
import { damageOf, isGone } from '../../database/documents/damage-of.ts'
import { withInlineData, withSmallData } from '../../database/documents/inline-data.ts'
import {
  readRevision,
  type FoundRevision,
  type DocumentReadOptions,
} from '../../database/documents/read-document.ts'
import {
  type DeltaLimits,
  readUnfilledOrDelta,
  sendsDeltas,
} from '../../database/documents/revision-delta.ts'
import { UnfilledJson } from '../../database/documents/unfilled-json.ts'
import { FULL_CHUNK, RowBuffer } from '../../database/reading/row-buffer.ts'
import { TimeSlice } from '../../concurrency/time-slice.ts'
import { acceptsType } from '../../http/request/accept.ts'
import { requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { readJsonObject } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { streamQuery } from '../queries/stream-query.ts'
import { deltaLimits } from '../shared/delta-limits.ts'
import { checkMaskedReader } from '../shared/masked-reader.ts'
import { databaseOf } from '../shared/path-names.ts'
import { askQuorumOfMany } from '../shared/quorum.ts'
import { type BulkGetEntry, BulkGetEntries } from './bulk-get-entries.ts'
import { documentPart, errorPart, sendParts } from '../documents/multipart-answers.ts'

type BulkGetOptions = DocumentReadOptions & {
  readonly latest: boolean
  readonly user: UserContext
  /** Of a request that takes deltas. */
  readonly deltas?: DeltaLimits | undefined
  readonly mostRevs: number
}

/** `POST /db/_bulk_get`: many revisions in one answer, as JSON or, to who does not take JSON, as parts. */
export async function postBulkGet(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireJson(ctx)
  const query = QueryParams.of(ctx)
  for (const name of ['rev', 'open_revs', 'atts_since', 'w', 'new_edits']) {
    if (query.has(name)) throw fail('badRequest', `"${name}" query parameter is not acceptable`)
  }
  if (query.flag('revs')) checkMaskedReader(ctx, database)
  const docs = await askedDocuments(ctx)
  await askQuorumOfMany(ctx, database, docs.map(idOf))
  const options: BulkGetOptions = {
    revs: query.flag('revs'),
    attEncodingInfo: query.flag('att_encoding_info'),
    ...(query.flag('attachments') ? { attachments: 'data' } : {}),
    latest: query.flag('latest'),
    user: ctx.state.user,
    deltas: deltasAsked(ctx, query, database),
    mostRevs: ctx.services.config.integer('couchette', 'max_document_revisions'),
  }
  const type = multipartAsked(ctx)
  if (type === undefined)
    await streamQuery(ctx, async () =>
      withInlineData(renderJson(database, docs, options), database.attachments),
    )
  else await sendParts(ctx, type, parts(database, docs, options))
}

/** Only of requests for histories, whose readers may see bodies as they are stored. */
function deltasAsked(ctx: RequestContext, query: QueryParams, database: Database): DeltaLimits | undefined {
  if (!query.flag('deltas') || !query.flag('revs') || query.flag('attachments')) return undefined
  const limits = deltaLimits(ctx)
  return sendsDeltas(database, limits) ? limits : undefined
}

function idOf(doc: unknown): string | undefined {
  const { id } = (doc ?? {}) as { id?: unknown }
  return typeof id === 'string' ? id : undefined
}

async function askedDocuments(ctx: RequestContext): Promise<readonly unknown[]> {
  const { docs } = await readJsonObject(ctx, 'query')
  if (!Array.isArray(docs)) throw fail('badRequest', "Missing JSON list of 'docs'.")
  const most = ctx.services.config.integer('couchdb', 'max_bulk_get_count')
  if (docs.length > most) throw fail('tooManyBulkGets', String(most))
  return docs
}

function multipartAsked(ctx: RequestContext): 'multipart/mixed' | 'multipart/related' | undefined {
  if (acceptsType(ctx, 'application/json')) return undefined
  const types = ['multipart/mixed', 'multipart/related'] as const
  return types.find(type => acceptsType(ctx, type))
}

/** Rows are gathered into chunks: a thousand small writes to the socket would cost more than the documents. */
async function* renderJson(
  database: Database,
  docs: readonly unknown[],
  options: BulkGetOptions,
): AsyncGenerator<Uint8Array | UnfilledJson> {
  const out = new RowBuffer()
  let text = '{"results":['
  const entries = new BulkGetEntries(database, options)
  const slice = new TimeSlice()
  for (const [index, doc] of docs.entries()) {
    const entry = entries.of(doc)
    text += `${index === 0 ? '' : ','}\n{"id":${JSON.stringify(entry.id ?? null)},"docs":[`
    if (entry.error !== undefined) text += `{"error":${JSON.stringify(errorRow(entry, entry.error))}}`
    for (const [i, found] of entry.found.entries()) {
      // A delta takes time for its document's length, and is short.
      if (slice.isOver) await slice.pause()
      if (i > 0) text += ','
      const json =
        'missing' in found
          ? errorRow({ ...entry, rev: found.missing }, fail('missing'))
          : await readJson(database, entry, found.ok, options)
      if (typeof json === 'string') {
        text += `{"delta":${json}}`
        continue
      }
      if (!(json instanceof UnfilledJson)) {
        text += `{"error":${JSON.stringify(json)}}`
        continue
      }
      out.text(`${text}{"ok":`)
      out.json(json)
      text = '}'
      if (out.length >= FULL_CHUNK) yield out.takeUnfilled()
    }
    text += ']}'
    if (text.length < FULL_CHUNK) continue
    out.text(text)
    text = ''
    yield out.takeUnfilled()
  }
  out.text(text + (docs.length === 0 ? ']}\n' : '\n]}\n'))
  yield out.takeUnfilled()
}

/** Returns a revision's JSON, its delta as text, or the row that says what of it is damaged or gone. */
async function readJson(
  database: Database,
  entry: BulkGetEntry,
  found: FoundRevision,
  options: BulkGetOptions,
): Promise<UnfilledJson | string | ErrorRow> {
  const { docId, attsSince } = entry
  const id = asDocId(docId!)
  const since = attsSince === undefined ? {} : ({ attsSince, attachments: 'data' } as const)
  try {
    const wanted = options.deltas && entry.bases && { bases: entry.bases, limits: options.deltas }
    const json = readUnfilledOrDelta(database, id, found, { ...options, ...since, wanted }, options.user)
    if (!(json instanceof UnfilledJson)) return printRevisionDelta(json)
    return json.places.length === 0 ? json : await withSmallData(json, database.attachments)
  } catch (error) {
    return failureRow(entry, found, error)
  }
}

type ErrorRow = Readonly<Record<'id' | 'rev' | 'error' | 'reason', unknown>>

function errorRow({ id, rev }: BulkGetEntry, { error, reason }: CouchError): ErrorRow {
  return { id: id ?? null, rev: rev ?? null, error, reason }
}

/** @throws the error, unless it tells of damage, or of a revision that went while those before it were sent */
function failureRow(entry: BulkGetEntry, { node }: FoundRevision, error: unknown): ErrorRow {
  const damage = isGone(error) ? fail('missing') : damageOf(error)
  if (damage === undefined) throw error
  return errorRow({ ...entry, rev: node.rev }, damage)
}

/** CouchDB: chttpd_db:send_docs_multipart_bulk_get/4. */
function* parts(database: Database, docs: readonly unknown[], options: BulkGetOptions): Generator<MixedPart> {
  const entries = new BulkGetEntries(database, options)
  for (const doc of docs) {
    const entry = entries.of(doc)
    if (entry.error !== undefined) yield errorPart(errorRow(entry, entry.error))
    for (const found of entry.found) {
      if ('missing' in found) {
        yield errorPart({ rev: found.missing, error: 'not_found', reason: 'missing' })
      } else yield partOf(database, entry, found.ok, options)
    }
  }
}

function partOf(
  database: Database,
  entry: BulkGetEntry,
  found: FoundRevision,
  options: BulkGetOptions,
): MixedPart {
  try {
    return readablePart(database, entry, found, options)
  } catch (error) {
    return errorPart(failureRow(entry, found, error))
  }
}

function readablePart(
  database: Database,
  { docId, attsSince }: BulkGetEntry,
  found: FoundRevision,
  options: BulkGetOptions,
): MixedPart {
  const id = asDocId(docId!)
  const asked = {
    ...options,
    ...(attsSince === undefined ? {} : { attsSince }),
    attachments: 'follows' as const,
    attEncodingInfo: true,
  }
  return documentPart(database, readRevision(database, id, found, asked, options.user), boundary => [
    `X-Doc-Id: ${id.replace(/[\r\n]/g, ' ')}`,
    `X-Rev-Id: ${found.node.rev}`,
    `Content-Type: multipart/related; boundary=${boundary}`,
  ])
}
