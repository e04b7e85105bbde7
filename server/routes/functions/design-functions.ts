import { asDocId, parseDocId } from '../../../protocol/document-id.ts'
import { parseDocument } from '../../../protocol/document/parse.ts'
import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject } from '../../../protocol/json-value.ts'
import type { Database } from '../../database/database.ts'
import { readRevision } from '../../database/documents/read-document.ts'
import { writeDocuments } from '../../database/documents/write-documents.ts'
import type { Handler, RequestContext } from '../context.ts'
import { storedHeaderText } from '../../http/response/header-text.ts'
import { encodeSegment } from '../../http/request/percent.ts'
import { notModified } from '../../http/response/reply.ts'
import { functionAnswer } from '../../query/design/function-answer.ts'
import { answerFunction } from './answer-function.ts'
import { databaseOf, docIdOf } from '../shared/path-names.ts'
import { checkQuorum, isBelowQuorum, reachQuorum } from '../shared/quorum.ts'
import { functionOf, requestOf } from './function-request.ts'
import { showEtag } from './show-etag.ts'

/** Answers a path below a design document that names no function: 404 for a missing document first. (CouchDB: chttpd_show) */
export function noPath(error: 'noShowPath' | 'noListPath' | 'noUpdatePath'): Handler {
  return async ctx => {
    const database = await databaseOf(ctx)
    ctx.services.queries.of(database).designs.get(docIdOf(ctx, '_design/'))
    throw fail(error)
  }
}

export function refuseUpdate(): never {
  throw fail('noUpdateByGet')
}

export async function runUpdate(ctx: RequestContext): Promise<void> {
  const { database, ddoc, name } = await functionOf(ctx, 'updates')
  checkQuorum(ctx)
  const id = targetOf(ctx)
  const request = await requestOf(ctx, database, id)
  const args = `[${documentText(ctx, database, id) ?? 'null'},${JSON.stringify(request)}]`
  const { document, response } = await ctx.services.queries.sandbox.update(ddoc.sandbox, name, args)
  const saved = isJsonObject(document) ? await save(ctx, database, document) : undefined
  if (saved !== undefined) {
    ctx.set('X-Couch-Update-NewRev', saved.rev)
    const idText = storedHeaderText(encodeSegment(saved.id))
    if (idText !== undefined) ctx.set('X-Couch-Id', idText)
  }
  answerFunction(ctx, functionAnswer(response, saved === undefined ? 200 : isBelowQuorum(ctx) ? 202 : 201))
}

async function save(
  ctx: RequestContext,
  database: Database,
  document: JsonObject,
): Promise<{ id: string; rev: string }> {
  const input = parseDocument(Buffer.from(JSON.stringify(document)), { term: true })
  const { user } = ctx.state
  const id = input.id ?? parseDocId('')
  const [outcome] = await writeDocuments(database, [{ id, input }], { replicated: false, user })
  if (outcome === undefined || outcome.error !== undefined) throw outcome?.error ?? fail('conflict')
  await reachQuorum(ctx, database, [outcome])
  return { id: outcome.id, rev: outcome.rev }
}

export async function runShow(ctx: RequestContext): Promise<void> {
  const { database, ddoc, name } = await functionOf(ctx, 'shows')
  const id = targetOf(ctx)
  const text = documentText(ctx, database, id)
  ctx.vary('Accept')
  const document = text === undefined || id === null ? undefined : database.document(asDocId(id))?.rev
  const { accept } = ctx.req.headers
  if (notModified(ctx, showEtag({ ddoc: ddoc.rev, document, accept, roles: ctx.state.user.roles }))) return
  const request = await requestOf(ctx, database, id)
  const args = `[${text ?? 'null'},${JSON.stringify(request)}]`
  const answer = functionAnswer(await ctx.services.queries.sandbox.show(ddoc.sandbox, name, args), 200)
  // Those are not the function's to say.
  const headers = Object.entries(answer.headers).filter(([header]) => header !== 'etag' && header !== 'vary')
  answerFunction(ctx, { ...answer, headers: Object.fromEntries(headers) })
}

/** The document's id behind the function's name, slashes and all. */
function targetOf(ctx: RequestContext): string | null {
  if (ctx.rest.length === 0) return null
  return ctx.rest.includes(null) ? '' : ctx.rest.join('/')
}

/** Members that functions see besides a document's body. (CouchDB: chttpd_show:maybe_open_doc/3, json_doc/1) */
const SHOWN = { revs: true, revsLimit: 20, conflicts: true } as const

function documentText(ctx: RequestContext, database: Database, id: string | null): string | undefined {
  if (id === null) return undefined
  const docId = asDocId(id)
  const document = database.document(docId)
  if (document === undefined || document.deleted) return undefined
  const found = { document, node: document }
  return readRevision(database, docId, found, SHOWN, ctx.state.user).json.toString()
}
