import type Router from '@koa/router'
import { renderDocument } from '../../protocol/document/render.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { decodeDocumentRecord, type DocumentSummary } from '../database/document-record.ts'
import type { Database } from '../database/database.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpoint } from '../http/endpoints.ts'
import { Query } from '../http/query.ts'
import { streamJson } from '../http/reply.ts'
import { Space, textOfKey } from '../storage/keys.ts'
import { databaseOf } from './database-of.ts'

export function allDocsRoutes(router: Router<RequestState>): void {
  endpoint(router, '/:db/_all_docs', { GET: getAllDocs, HEAD: getAllDocs })
}

async function getAllDocs(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  streamJson(ctx, renderAllDocs(database, Query.of(ctx).flag('include_docs')))
}

const ROWS_AT_A_TIME = 1000

async function* renderAllDocs(database: Database, includeDocs: boolean): AsyncGenerator<Uint8Array | string> {
  yield `{"total_rows":${database.state.docs},"offset":0,"rows":[\n`
  const iterator = database.store.iterator(database.keys.range(Space.document))
  let separator = ''
  try {
    for (;;) {
      const entries = await iterator.nextv(ROWS_AT_A_TIME)
      if (entries.length === 0) break
      const rows = entries
        .map(([key, record]) => ({ id: textOfKey(key) as DocId, summary: decodeDocumentRecord(record) }))
        .filter(({ summary }) => !summary.deleted)
      const docs = includeDocs ? await renderDocs(database, rows) : undefined
      const text = rows.map(({ id, summary }, at) => row(id, summary, docs?.[at])).join(',\n')
      if (text !== '') {
        yield separator + text
        separator = ',\n'
      }
    }
  } finally {
    await iterator.close()
  }
  yield '\n]}\n'
}

function row(id: DocId, { rev }: DocumentSummary, doc: string | undefined): string {
  const key = JSON.stringify(id)
  return `{"id":${key},"key":${key},"value":{"rev":${JSON.stringify(rev)}}${doc === undefined ? '' : `,"doc":${doc}`}}`
}

async function renderDocs(
  database: Database,
  rows: readonly { id: DocId; summary: DocumentSummary }[],
): Promise<string[]> {
  const bodies = await database.bodies(rows.map(({ summary }) => summary.body))
  return rows.map(({ id, summary }, at) => {
    const body = bodies[at]?.body
    return body === undefined
      ? 'null'
      : renderDocument({ id, rev: summary.rev, deleted: false, body }).toString()
  })
}
