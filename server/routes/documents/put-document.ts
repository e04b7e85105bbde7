import { isLocalId, parseDocId, type DocId } from '../../../protocol/document-id.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import { parseDocument, parseDocumentInSteps } from '../../../protocol/document/parse.ts'
import type { ReceivedAttachment } from '../../attachments/upload.ts'
import type { Database } from '../../database/database.ts'
import { readLocalDocument } from '../../database/documents/local-documents.ts'
import { findWinner } from '../../database/documents/read-document.ts'
import { writeDocument, type DocumentToWrite } from '../../database/documents/write-documents.ts'
import { fail } from '../../../protocol/errors.ts'
import { readJsonBody, requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { runInTurns } from '../../concurrency/time-slice.ts'
import { databaseOf } from '../shared/path-names.ts'
import { checkIdIn, checkRequestedId, documentLimits } from '../shared/document-limits.ts'
import { isRelated, readRelated } from './put-multipart.ts'
import { checkDesignWriter } from '../shared/design-writers.ts'
import { checkQuorum, reachQuorum } from '../shared/quorum.ts'
import { setLocation } from '../../http/response/location.ts'
import { answerWritten, setWrittenEtag } from './answer-write.ts'
import { revisionNamed } from '../shared/named-revision.ts'

/** `PUT` of a document: as JSON, or as `multipart/related` with its attachments. */
export async function putDocument(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  checkQuorum(ctx)
  parseDocId(id, documentLimits(ctx).maxIdBytes)
  checkIdIn(database, id)
  checkDesignWriter(ctx, database, id)
  if (isRelated(ctx)) {
    await putRelated(ctx, database, id)
    return
  }
  await put(ctx, database, id, await readDocument(ctx))
}

async function putRelated(ctx: RequestContext, database: Database, id: DocId): Promise<void> {
  const { input, received } = await readRelated(ctx)
  try {
    await put(ctx, database, id, input, received)
  } finally {
    for (const attachment of received) attachment.release()
  }
}

async function put(
  ctx: RequestContext,
  database: Database,
  id: DocId,
  input: DocumentInput,
  received: readonly ReceivedAttachment[] = [],
): Promise<void> {
  const document = { id, input: { ...input, rev: revisionNamed(ctx, input.rev) }, received }
  const query = QueryParams.of(ctx)
  const options = { replicated: query.text('new_edits') === 'false', user: ctx.state.user }
  if (isBatched(query) && received.length === 0) {
    await writeLater(ctx, database, document)
    return
  }
  const rev = await writeDocument(database, document, options)
  await reachQuorum(ctx, database, [{ id, rev }])
  setWrittenEtag(ctx, { id, rev, input })
  setLocation(ctx, [database.name, id])
  answerWritten(ctx, { id, rev, input }, input.deleted ? 200 : 201)
}

/** `POST /db`: the id is in the document, or made; a revision is taken from the document alone. */
export async function postDocument(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireJson(ctx)
  checkQuorum(ctx)
  const input = await readDocument(ctx)
  const document =
    input.id === undefined
      ? {
          id: parseDocId(ctx.services.uuids.next()),
          input: { ...input, rev: undefined, revisions: undefined },
        }
      : { id: input.id, input }
  const { id } = document
  checkIdIn(database, id)
  if (isBatched(QueryParams.of(ctx))) {
    await writeLater(ctx, database, document)
    return
  }
  const rev = await writeDocument(database, document, { replicated: false, user: ctx.state.user })
  await reachQuorum(ctx, database, [{ id, rev }])
  setLocation(ctx, [database.name, id])
  answerWritten(ctx, { id, rev, input }, 201)
}

const EMPTY_DELETED = Buffer.from('{"_deleted":true}')

export async function deleteDocument(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  checkQuorum(ctx)
  checkRequestedId(database, id)
  if (!isLocalId(id)) findWinner(database, id)
  else if ((await readLocalDocument(database, id)) === undefined) throw fail('missing')
  const input = parseDocument(EMPTY_DELETED, { term: true })
  const document = { id, input: { ...input, rev: revisionNamed(ctx) } }
  const rev = await writeDocument(database, document, { replicated: false, user: ctx.state.user })
  await reachQuorum(ctx, database, [{ id, rev }])
  setWrittenEtag(ctx, { id, rev, input })
  answerWritten(ctx, { id, rev, input }, 200)
}

async function readDocument(ctx: RequestContext): Promise<DocumentInput> {
  const body = await readJsonBody(ctx, 'document')
  return runInTurns(parseDocumentInSteps(body, { term: true, ...documentLimits(ctx) }))
}

function isBatched(query: QueryParams): boolean {
  return query.text('batch') === 'ok'
}

/** `batch=ok`: answers before the document is written; whether it can be, nobody is told. */
async function writeLater(ctx: RequestContext, database: Database, document: DocumentToWrite): Promise<void> {
  const { log } = ctx.services
  const { user } = ctx.state
  await database.batched.add(async () => {
    try {
      await writeDocument(database, document, { replicated: false, user })
    } catch (error) {
      log.info({ err: error, database: database.name, id: document.id }, 'a batched document was refused')
    }
  })
  sendJson(ctx, { ok: true, id: document.id }, 202)
}
