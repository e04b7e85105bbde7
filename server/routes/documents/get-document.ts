import type { DocId } from '../../../protocol/document-id.ts'
import type { Database } from '../../database/database.ts'
import { filled } from '../../database/documents/inline-data.ts'
import {
  findRevision,
  findWinner,
  isWithoutData,
  readRevision,
  readUnfilled,
  type FoundRevision,
  type DocumentReadOptions,
} from '../../database/documents/read-document.ts'
import { acceptsType } from '../../http/request/accept.ts'
import type { RequestContext } from '../context.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { LongAnswer } from '../../http/response/long-answer.ts'
import { notModified, sendJson, streamJson } from '../../http/response/reply.ts'
import { databaseOf } from '../shared/path-names.ts'
import { checkRequestedId } from '../shared/document-limits.ts'
import { checkMaskedReader } from '../shared/masked-reader.ts'
import { askQuorum } from '../shared/quorum.ts'
import { sendRelated } from './multipart-answers.ts'
import { sendOpenRevisions } from './open-revisions.ts'
import { documentQuery } from './read-options.ts'

/** `GET` and `HEAD` of a document, or of some of its revisions. */
export async function getDocument(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  const { rev, openRevs, latest, deleted, options } = documentQuery(QueryParams.of(ctx))
  checkRequestedId(database, id)
  if (openRevs !== undefined || options.revs === true) checkMaskedReader(ctx, database)
  const asking = askQuorum(ctx, database, id)
  if (asking !== undefined) await asking
  if (openRevs !== undefined) {
    await sendOpenRevisions(ctx, database, id, { revs: openRevs, latest, options })
    return
  }
  const found =
    rev === undefined
      ? findWinner(database, id, { deleted })
      : findRevision(database, id, rev, { latest: false })
  if (!isWithoutData(options)) {
    await sendWithAttachments(ctx, database, id, found, options)
    return
  }
  const read = readRevision(database, id, found, options, ctx.state.user)
  if (!read.hasMetadata && notModified(ctx, found.node.rev)) return
  sendJson(ctx, read.json)
}

/** With the attachments' data, in the parts of a multipart answer where the client takes one. */
async function sendWithAttachments(
  ctx: RequestContext,
  database: Database,
  id: DocId,
  found: FoundRevision,
  options: DocumentReadOptions,
): Promise<void> {
  if (acceptsType(ctx, 'multipart/related')) {
    const asked = { ...options, attachments: 'follows' as const, attEncodingInfo: true }
    const read = readRevision(database, id, found, asked, ctx.state.user)
    if (read.hasMetadata || !notModified(ctx, found.node.rev)) await sendRelated(ctx, database, read)
    return
  }
  const read = readUnfilled(database, id, found, options, ctx.state.user)
  if (!read.hasMetadata && notModified(ctx, found.node.rev)) return
  const answer = new LongAnswer(ctx, ctx.services.readQueue)
  const pieces = withNewline(filled(read.json, database.attachments))
  await streamJson(ctx, answer.inTurns(database.name, pieces), { answer })
}

async function* withNewline(
  json: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array | string, void, undefined> {
  yield* json
  yield '\n'
}
