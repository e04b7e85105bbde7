import type Router from '@koa/router'
import { createHash } from 'node:crypto'
import type { DocId } from '../../protocol/document-id.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { fail } from '../../protocol/errors.ts'
import { parseRev, type Rev } from '../../protocol/revision.ts'
import type { Database } from '../database/database.ts'
import { LocalEdits, readLocalDocument, renderLocalDocument } from '../database/local-documents.ts'
import { readBody } from '../http/body.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpoint } from '../http/endpoints.ts'
import { originOf } from '../http/origin.ts'
import { encodeSegment } from '../http/percent.ts'
import { Query } from '../http/query.ts'
import { notModified, sendJson } from '../http/reply.ts'
import { databaseOf, docIdOf } from './database-of.ts'

/** `_local` documents: no history, never replicated; replicators keep their checkpoints in them. */
export function localRoutes(router: Router<RequestState>): void {
  for (const [path, prefix] of [
    ['/:db/_local/:name', '_local/'],
    ['/:db/:localid', ''],
  ] as const) {
    endpoint(router, path, {
      DELETE: ctx => removeLocal(ctx, docIdOf(ctx, prefix)),
      GET: ctx => getLocal(ctx, docIdOf(ctx, prefix)),
      PUT: ctx => putLocal(ctx, docIdOf(ctx, prefix)),
    })
  }
}

async function getLocal(ctx: RequestContext, id: DocId): Promise<void> {
  const document = await readLocalDocument(await databaseOf(ctx), id)
  if (document === undefined) throw fail('missing')
  if (!notModified(ctx, etagOf(document.rev, document.body))) sendJson(ctx, renderLocalDocument(document))
}

async function putLocal(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  const input = parseDocument(
    await readBody(ctx, ctx.services.config.integer('chttpd', 'max_http_request_size')),
    {
      term: false,
    },
  )
  const rev = await writeLocal(database, id, input)
  ctx.set('Location', `${originOf(ctx)}/${encodeSegment(database.name)}/${encodeSegment(id)}`)
  answer(ctx, id, rev, input.body, 201)
}

async function removeLocal(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  const given = Query.of(ctx).text('rev')
  if ((await readLocalDocument(database, id)) === undefined) throw fail('missing')
  const rev = given === undefined ? undefined : parseRev(given)
  const body = Buffer.from('{}')
  answer(ctx, id, await writeLocal(database, id, { rev, deleted: true, body }), body, 200)
}

async function writeLocal(
  database: Database,
  id: DocId,
  { rev, deleted, body }: { rev: Rev | undefined; deleted: boolean; body: Uint8Array },
): Promise<Rev> {
  const [written] = await database.write(new LocalEdits([{ id, rev, deleted, body }]))
  return written as Rev
}

function answer(ctx: RequestContext, id: DocId, rev: Rev, body: Uint8Array, status: number): void {
  ctx.set('ETag', `"${etagOf(rev, body)}"`)
  sendJson(ctx, { ok: true, id, rev }, status)
}

/** Revisions of local documents repeat, so that the ETag has to cover the body. */
function etagOf(rev: Rev, body: Uint8Array): string {
  return createHash('md5').update(rev).update(body).digest('base64url')
}
