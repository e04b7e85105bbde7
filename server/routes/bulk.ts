import type Router from '@koa/router'
import { parseDocId, type DocId } from '../../protocol/document-id.ts'
import type { DocumentInput } from '../../protocol/document/document-input.ts'
import { parseBulkDocs } from '../../protocol/document/parse-bulk-docs.ts'
import type { Rev } from '../../protocol/revision.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { Database } from '../database/database.ts'
import type { EditOutcome } from '../database/edit.ts'
import { LocalEdits } from '../database/local-documents.ts'
import { writeDocuments } from '../database/write-documents.ts'
import { readBody, requireJson } from '../http/body.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpoint } from '../http/endpoints.ts'
import { sendJson } from '../http/reply.ts'
import { postBulkGet } from './bulk-get.ts'
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
