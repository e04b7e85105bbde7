import type { DocId } from '../../../protocol/document-id.ts'
import { checkAttachmentName } from '../../../protocol/document/attachment-input.ts'
import { fail } from '../../../protocol/errors.ts'
import { parseRev } from '../../../protocol/revision.ts'
import { findRevision, findWinner, readRevision } from '../../database/documents/read-document.ts'
import { putAttachment, removeAttachment } from '../../database/documents/write-attachment.ts'
import type { Methods, RequestContext } from '../context.ts'
import { setLocation } from '../../http/response/location.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { sentBody, streamBody } from '../../http/request/body.ts'
import { sendAttachment } from './attachment-answer.ts'
import { checkDesignWriter } from '../shared/design-writers.ts'
import { databaseOf, docIdOf } from '../shared/path-names.ts'
import { checkIdIn, checkRequestedId } from '../shared/document-limits.ts'
import { revisionNamed } from '../shared/named-revision.ts'
import { askQuorum, checkQuorum, isBelowQuorum, isQuorumOutOfReach, reachQuorum } from '../shared/quorum.ts'

/** Methods of the attachments of documents, or of design documents. */
export function attachmentMethods(prefix: '' | '_design/'): Methods {
  return {
    DELETE: ctx => deleteAttachment(ctx, docIdOf(ctx, prefix)),
    GET: ctx => getAttachment(ctx, docIdOf(ctx, prefix)),
    HEAD: ctx => getAttachment(ctx, docIdOf(ctx, prefix)),
    PUT: ctx => uploadAttachment(ctx, docIdOf(ctx, prefix)),
  }
}

/** Methods of the attachments that `_local` documents do not have. */
export const refusedMethods: Methods = { DELETE: refuse, GET: refuse, HEAD: refuse, PUT: refuse }

function refuse(): never {
  throw fail('localAttachment')
}

async function getAttachment(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  checkRequestedId(database, id)
  const query = QueryParams.of(ctx)
  const asking = askQuorum(ctx, database, id)
  if (asking !== undefined) await asking
  const rev = query.text('rev')
  const found =
    rev === undefined
      ? findWinner(database, id)
      : findRevision(database, id, parseRev(rev), { latest: query.flag('latest') })
  // Who may not see the document may not see its attachments either.
  if (database.rules !== undefined) readRevision(database, id, found, {}, ctx.state.user)
  const name = nameInPath(ctx)
  const attachment = database.attachmentsOf(found.node.body).find(attachment => attachment.name === name)
  if (attachment === undefined) throw fail('attachmentMissing')
  await sendAttachment(ctx, database, attachment)
}

export async function uploadAttachment(ctx: RequestContext, id: DocId): Promise<void> {
  const name = nameToWrite(ctx)
  const database = await databaseOf(ctx)
  checkIdIn(database, id)
  checkDesignWriter(ctx, database, id)
  const encoding = uploadEncoding(ctx)
  checkAnnouncedLength(ctx, name)
  checkQuorum(ctx)
  const rev = revisionNamed(ctx)
  const contentType = ctx.get('Content-Type') || 'application/octet-stream'
  const { state } = ctx
  const written = await putAttachment(
    database,
    { id, rev, user: () => state.user },
    { name, contentType, encoding, announced: announcedLength(ctx) },
    streamBody(ctx, sentBody(ctx)),
  )
  await reachQuorum(ctx, database, [{ id, rev: written }])
  setLocation(ctx, [database.name, id, name])
  sendJson(ctx, { ok: true, id, rev: written }, isQuorumOutOfReach(ctx) ? 202 : 201)
}

export async function deleteAttachment(ctx: RequestContext, id: DocId): Promise<void> {
  const name = nameToWrite(ctx)
  const database = await databaseOf(ctx)
  checkRequestedId(database, id)
  checkQuorum(ctx)
  const rev = revisionNamed(ctx)
  const written = await removeAttachment(database, { id, rev, user: () => ctx.state.user }, name)
  await reachQuorum(ctx, database, [{ id, rev: written }])
  sendJson(ctx, { ok: true, id, rev: written }, isBelowQuorum(ctx) ? 202 : 200)
}

/** The name that the path gives, with its slashes; undefined when it is not UTF-8. */
function nameInPath(ctx: RequestContext): string | undefined {
  return ctx.rest.includes(null) ? undefined : ctx.rest.join('/')
}

/** @throws `bad_request` for a name that no attachment may have */
function nameToWrite(ctx: RequestContext): string {
  const name = nameInPath(ctx)
  if (name === undefined) throw fail('attachmentNameNotUtf8')
  checkAttachmentName(name)
  return name
}

/** @throws `bad_content_type` */
function uploadEncoding(ctx: RequestContext): 'identity' | 'gzip' {
  const encoding = ctx.get('Content-Encoding').trim().toLowerCase()
  if (encoding === '' || encoding === 'identity') return 'identity'
  if (encoding !== 'gzip') throw fail('gzipOrIdentity')
  return encoding
}

function announcedLength(ctx: RequestContext): number | undefined {
  const length = ctx.get('Content-Length')
  return length === '' ? undefined : Number(length)
}

/** @throws `attachment_too_large` before anything of it is read */
function checkAnnouncedLength(ctx: RequestContext, name: string): void {
  const limit = ctx.services.config.integer('couchdb', 'max_attachment_size')
  if (Number(ctx.get('Content-Length')) > limit) throw fail('attachmentTooLarge', name)
}
