import type Router from '@koa/router'
import { parseDocId, type DocId } from '../../protocol/document-id.ts'
import type { DocumentInput } from '../../protocol/document/document-input.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { fail } from '../../protocol/errors.ts'
import { parseRev, type Rev } from '../../protocol/revision.ts'
import type { Database } from '../database/database.ts'
import { applyReadRules } from '../database/apply-rules.ts'
import { LocalEdits } from '../database/local-documents.ts'
import {
  findRevision,
  findWinner,
  openRevisions,
  readRevision,
  readRevisionWithData,
  sortOpenRevisions,
  type FoundRevision,
  type OpenRevision,
  type ReadOptions,
} from '../database/read-document.ts'
import type { ReceivedAttachment } from '../attachments/upload.ts'
import { writeDocument as writeDocumentTo } from '../database/write-documents.ts'
import { acceptsType } from '../http/accept.ts'
import { readBody, requireJson } from '../http/body.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpoint } from '../http/endpoints.ts'
import { headerText } from '../http/header-text.ts'
import { originOf } from '../http/origin.ts'
import { encodeSegment } from '../http/percent.ts'
import { Query } from '../http/query.ts'
import { notModified, sendJson, streamJson } from '../http/reply.ts'
import { databaseOf, docIdOf } from './database-of.ts'
import { postForm } from './form-document.ts'
import { openRevisionParts, sendParts, sendRelated } from './multipart-answers.ts'
import { isRelated, readRelated } from './related-document.ts'

export function documentRoutes(router: Router<RequestState>): void {
  for (const [path, prefix] of DOCUMENT_PATHS) {
    endpoint(router, path, {
      DELETE: ctx => deleteDocument(ctx, docIdOf(ctx, prefix)),
      GET: ctx => getDocument(ctx, docIdOf(ctx, prefix)),
      HEAD: ctx => getDocument(ctx, docIdOf(ctx, prefix)),
      POST: ctx => postForm(ctx, docIdOf(ctx, prefix)),
      PUT: ctx => putDocument(ctx, docIdOf(ctx, prefix)),
    })
  }
}

const DOCUMENT_PATHS = [
  ['/:db/:docid', ''],
  ['/:db/_design/:name', '_design/'],
] as const

async function getDocument(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  const query = Query.of(ctx)
  const latest = query.flag('latest')
  const revs = openRevsAsked(query)
  if (revs !== undefined) {
    const found = sortOpenRevisions(openRevisions(database, id, revs, { latest }))
    const options = revisionOptions(query)
    const shown = (json: Buffer) => applyReadRules(database, id, json, ctx.state.user)
    if (acceptsType(ctx, 'multipart/mixed')) {
      sendParts(ctx, 'multipart/mixed', openRevisionParts(database, id, found, options, shown))
    } else streamJson(ctx, renderOpenRevisions(database, id, found, options, shown))
    return
  }
  const rev = query.text('rev')
  const found =
    rev === undefined ? findWinner(database, id) : findRevision(database, id, parseRev(rev), { latest })
  const options = rev === undefined ? readOptions(query) : revisionOptions(query)
  const { attachments, ...others } = options
  if (attachments !== undefined) {
    await sendWithAttachments(ctx, database, id, found, options)
    return
  }
  const read = readRevision(database, id, found, others)
  const json = applyReadRules(database, id, read.json, ctx.state.user)
  if (!read.hasMetadata && notModified(ctx, found.node.rev)) return
  sendJson(ctx, json)
}

/** With the attachments' data, in the parts of a multipart answer where the client takes one. */
async function sendWithAttachments(
  ctx: RequestContext,
  database: Database,
  id: DocId,
  found: FoundRevision,
  options: ReadOptions,
): Promise<void> {
  const related = acceptsType(ctx, 'multipart/related')
  const read = related
    ? readRevision(database, id, found, { ...options, attachments: 'follows', attEncodingInfo: true })
    : await readRevisionWithData(database, id, found, options)
  if (!read.hasMetadata && notModified(ctx, found.node.rev)) return
  const json = applyReadRules(database, id, read.json, ctx.state.user)
  if (related) sendRelated(ctx, database, { ...read, json })
  else sendJson(ctx, json)
}

function readOptions(query: Query): ReadOptions {
  const meta = query.flag('meta')
  return {
    revs: query.flag('revs'),
    revsInfo: meta || query.flag('revs_info'),
    conflicts: meta || query.flag('conflicts'),
    deletedConflicts: meta || query.flag('deleted_conflicts'),
    localSeq: query.flag('local_seq'),
    ...attachmentOptions(query),
  }
}

/** A revision that is asked for by name comes without what belongs to the document. */
function revisionOptions(query: Query): ReadOptions {
  return { revs: query.flag('revs'), ...attachmentOptions(query) }
}

/** `atts_since` asks for data as `attachments=true` does. */
export function attachmentOptions(
  query: Query,
): Pick<ReadOptions, 'attachments' | 'attsSince' | 'attEncodingInfo'> {
  const since = query.json('atts_since')
  if (since !== undefined && !Array.isArray(since)) throw fail('invalidJson')
  const attEncodingInfo = query.flag('att_encoding_info')
  if (since !== undefined) return { attachments: 'data', attsSince: since.map(parseRev), attEncodingInfo }
  return query.flag('attachments') ? { attachments: 'data', attEncodingInfo } : { attEncodingInfo }
}

/** An empty list counts as not given. */
function openRevsAsked(query: Query): readonly Rev[] | 'all' | undefined {
  if (query.text('open_revs') === 'all') return 'all'
  const asked = query.json('open_revs')
  if (asked === undefined) return undefined
  if (!Array.isArray(asked)) throw fail('badRequest', 'Invalid list of revisions')
  return asked.length === 0 ? undefined : asked.map(parseRev)
}

async function* renderOpenRevisions(
  database: Database,
  id: DocId,
  found: readonly OpenRevision[],
  options: ReadOptions,
  shown: (json: Buffer) => Buffer,
): AsyncGenerator<Uint8Array | string> {
  let separator = '['
  for (const entry of found) {
    yield separator
    if ('missing' in entry) yield JSON.stringify({ missing: entry.missing })
    else {
      const { json } = await readRevisionWithData(database, id, entry.ok, options)
      yield '{"ok":'
      yield shown(json)
      yield '}'
    }
    separator = ','
  }
  yield ']\n'
}

async function putDocument(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  if (isRelated(ctx)) {
    await putRelated(ctx, database, id)
    return
  }
  const input = parseDocument(await readDocumentBody(ctx), { term: true })
  await writeDocument(ctx, database, id, input)
}

async function putRelated(ctx: RequestContext, database: Database, id: DocId): Promise<void> {
  const { input, received } = await readRelated(ctx)
  try {
    await writeDocument(ctx, database, id, input, received)
  } finally {
    for (const attachment of received) attachment.release()
  }
}

/** `POST /db`: the id is in the document, or made. */
export async function createDocument(ctx: RequestContext): Promise<void> {
  requireJson(ctx)
  const database = await databaseOf(ctx)
  const input = parseDocument(await readDocumentBody(ctx), { term: true })
  const id = input.id ?? parseDocId(ctx.services.uuids.next())
  await writeDocument(ctx, database, id, input)
}

async function deleteDocument(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  const rev = revisionNamed(ctx, undefined)
  if (rev === undefined && database.document(id) === undefined) throw fail('missing')
  const input = parseDocument(EMPTY_DELETED, { term: true })
  await writeDocument(ctx, database, id, input)
}

const EMPTY_DELETED = Buffer.from('{"_deleted":true}')

async function writeDocument(
  ctx: RequestContext,
  database: Database,
  id: DocId,
  input: DocumentInput,
  received: readonly ReceivedAttachment[] = [],
): Promise<void> {
  const query = Query.of(ctx)
  const replicated = query.text('new_edits') === 'false'
  const rev = revisionNamed(ctx, input.rev)
  const written = id.startsWith('_local/')
    ? await writeLocal(database, id, rev, input)
    : await writeDocumentTo(
        database,
        { id, input: { ...input, rev }, received },
        { replicated, user: ctx.state.user },
      )
  if (ctx.method !== 'POST') ctx.set('ETag', `"${headerText(written)}"`)
  if (ctx.method !== 'DELETE') {
    ctx.set('Location', `${originOf(ctx)}/${encodeSegment(database.name)}/${encodeSegment(id)}`)
  }
  sendJson(ctx, { ok: true, id, rev: written }, input.deleted ? 200 : 201)
}

async function writeLocal(
  database: Database,
  id: DocId,
  rev: Rev | undefined,
  input: DocumentInput,
): Promise<Rev> {
  const [written] = await database.write(
    new LocalEdits([{ id, rev, deleted: input.deleted, body: input.body }]),
  )
  return written as Rev
}

/** The revision to replace: from the body, `?rev` or `If-Match`, which must agree. */
export function revisionNamed(ctx: RequestContext, inBody: Rev | undefined): Rev | undefined {
  const inQuery = Query.of(ctx).text('rev')
  const query = inQuery === undefined ? undefined : parseRev(inQuery)
  if (query !== undefined && inBody !== undefined && query !== inBody) {
    throw fail('badRequest', 'Document rev from request body and query string have different values')
  }
  const given = inBody ?? query
  const ifMatch = ctx.get('If-Match').replace(/^"|"$/g, '')
  if (ifMatch === '') return given
  const header = parseRev(ifMatch)
  if (given !== undefined && header !== given) {
    throw fail('badRequest', 'Document rev and etag have different values')
  }
  return header
}

function readDocumentBody(ctx: RequestContext): Promise<Buffer> {
  const { config } = ctx.services
  return readBody(ctx, config.integer('chttpd', 'max_http_request_size'))
}
