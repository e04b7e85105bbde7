import type Router from '@koa/router'
import { parseDocId, type DocId } from '../../protocol/document-id.ts'
import type { DocumentInput } from '../../protocol/document/document-input.ts'
import { parseBulkDocs } from '../../protocol/document/parse-bulk-docs.ts'
import { CouchError, fail } from '../../protocol/errors.ts'
import { parseJson } from '../../protocol/json/parse-json.ts'
import { parseRev, type Rev } from '../../protocol/revision.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { Database } from '../database/database.ts'
import { applyReadRules } from '../database/apply-rules.ts'
import type { EditOutcome } from '../database/edit.ts'
import { LocalEdits } from '../database/local-documents.ts'
import { openRevisions, readRevisionWithData, type ReadOptions } from '../database/read-document.ts'
import { writeDocuments } from '../database/write-documents.ts'
import { readBody, requireJson } from '../http/body.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpoint } from '../http/endpoints.ts'
import { Query } from '../http/query.ts'
import { sendJson, streamJson } from '../http/reply.ts'
import { databaseOf } from './database-of.ts'

export function bulkRoutes(router: Router<RequestState>): void {
  endpoint(router, '/:db/_bulk_docs', { POST: postBulkDocs })
  endpoint(router, '/:db/_bulk_get', { POST: postBulkGet })
}

async function postBulkDocs(ctx: RequestContext): Promise<void> {
  requireJson(ctx)
  const database = await databaseOf(ctx)
  const { config } = ctx.services
  const { docs, newEdits } = parseBulkDocs(
    await readBody(ctx, config.integer('chttpd', 'max_http_request_size')),
  )
  const outcomes = await writeAll(database, docs, {
    replicated: !newEdits,
    user: ctx.state.user,
    newId: () => parseDocId(ctx.services.uuids.next()),
  })
  if (newEdits) {
    sendJson(ctx, Buffer.from(`[${outcomes.map(renderOutcome).join(',')}]`), 201)
    return
  }
  const refused = outcomes.filter(outcome => outcome.error !== undefined)
  sendJson(ctx, Buffer.from(`[${refused.map(renderOutcome).join(',')}]`), 201)
}

async function writeAll(
  database: Database,
  docs: readonly DocumentInput[],
  options: { replicated: boolean; user: UserContext; newId: () => DocId },
): Promise<readonly EditOutcome[]> {
  const ids = docs.map(doc => doc.id ?? options.newId())
  const isLocal = ids.map(id => id.startsWith('_local/'))
  const places = [...docs.keys()]
  const localPlaces = places.filter(at => isLocal[at])
  const otherPlaces = places.filter(at => isLocal[at] !== true)
  const others = otherPlaces.map(at => ({ id: ids[at] as DocId, input: docs[at] as DocumentInput }))
  const [outcomes, localRevs] = await Promise.all([
    others.length === 0 ? [] : writeDocuments(database, others, options),
    localPlaces.length === 0
      ? []
      : database.write(
          new LocalEdits(localPlaces.map(at => ({ ...(docs[at] as DocumentInput), id: ids[at] as DocId }))),
        ),
  ])
  const all = new Array<EditOutcome>(docs.length)
  for (const [n, at] of otherPlaces.entries()) all[at] = outcomes[n] as EditOutcome
  for (const [n, at] of localPlaces.entries()) all[at] = { id: ids[at] as DocId, rev: localRevs[n] as Rev }
  return all
}

function renderOutcome(outcome: EditOutcome): string {
  const id = JSON.stringify(outcome.id)
  if (outcome.error === undefined) return `{"ok":true,"id":${id},"rev":${JSON.stringify(outcome.rev)}}`
  const { error, reason } = outcome.error
  return `{"id":${id},"error":${JSON.stringify(error)},"reason":${JSON.stringify(reason)}}`
}

async function postBulkGet(ctx: RequestContext): Promise<void> {
  requireJson(ctx)
  const database = await databaseOf(ctx)
  const query = Query.of(ctx)
  for (const name of ['rev', 'open_revs', 'atts_since', 'w', 'new_edits']) {
    if (query.has(name)) throw fail('badRequest', `"${name}" query parameter is not acceptable`)
  }
  const body = parseJson(await readBody(ctx, ctx.services.config.integer('chttpd', 'max_http_request_size')))
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw fail('bodyNotObject')
  const docs: unknown = 'docs' in body ? body.docs : undefined
  if (!Array.isArray(docs)) throw fail('badRequest', "Missing JSON list of 'docs'.")
  const options = { revs: query.flag('revs'), attEncodingInfo: query.flag('att_encoding_info') }
  const latest = query.flag('latest')
  streamJson(ctx, renderBulkGet(database, docs, { ...options, latest, user: ctx.state.user }))
}

type BulkGetOptions = ReadOptions & { readonly latest: boolean; readonly user: UserContext }

async function* renderBulkGet(
  database: Database,
  docs: readonly unknown[],
  options: BulkGetOptions,
): AsyncGenerator<Uint8Array | string> {
  let separator = '{"results":[\n'
  for (const doc of docs) {
    yield separator
    yield* renderBulkGetRow(database, doc, options)
    separator = ',\n'
  }
  yield separator.startsWith('{') ? '{"results":[]}\n' : '\n]}\n'
}

async function* renderBulkGetRow(
  database: Database,
  doc: unknown,
  options: BulkGetOptions,
): AsyncGenerator<Uint8Array | string> {
  const asked = typeof doc === 'object' && doc !== null ? (doc as { id?: unknown; rev?: unknown }) : {}
  yield `{"id":${JSON.stringify(asked.id ?? null)},"docs":[`
  try {
    if (asked.id === undefined) throw fail('badRequest', 'document id missed')
    const id = parseDocId(asked.id)
    const revs = asked.rev === undefined ? 'all' : [parseRev(asked.rev)]
    let separator = ''
    for (const entry of openRevisions(database, id, revs, options)) {
      if ('missing' in entry) throw fail('missing')
      const { json } = await readRevisionWithData(database, id, entry.ok, options)
      const shown = applyReadRules(database, id, json, options.user)
      yield `${separator}{"ok":`
      yield shown
      yield '}'
      separator = ','
    }
  } catch (error) {
    if (!(error instanceof CouchError)) throw error
    const row = { id: asked.id ?? null, rev: asked.rev ?? null, error: error.error, reason: error.reason }
    yield `{"error":${JSON.stringify(row)}}`
  }
  yield ']}'
}
