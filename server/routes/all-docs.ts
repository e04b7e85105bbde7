import type Router from '@koa/router'
import { renderDocument } from '../../protocol/document/render.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { attachmentsMember, loadData, type AttachmentView } from '../database/attachments-member.ts'
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
  const query = Query.of(ctx)
  const view: AttachmentView = {
    show: query.flag('attachments') ? 'data' : 'stubs',
    newerThan: -1,
    encodingInfo: query.flag('att_encoding_info'),
  }
  streamJson(ctx, renderAllDocs(database, query.flag('include_docs') ? view : undefined))
}

const ROWS_AT_A_TIME = 1000

async function* renderAllDocs(
  database: Database,
  view: AttachmentView | undefined,
): AsyncGenerator<Uint8Array | string> {
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
      const docs = view === undefined ? undefined : await renderDocs(database, rows, view)
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
  view: AttachmentView,
): Promise<string[]> {
  const bodies = await database.bodies(rows.map(({ summary }) => summary.body))
  const docs: string[] = []
  for (const [at, { id, summary }] of rows.entries()) {
    const record = bodies[at]
    if (record === undefined) docs.push('null')
    else {
      const data = await loadData(database.attachments, record.attachments, view)
      const extras = attachmentsMember(record.attachments, view, data)
      docs.push(
        renderDocument({ id, rev: summary.rev, deleted: false, body: record.body, extras }).toString(),
      )
    }
  }
  return docs
}
