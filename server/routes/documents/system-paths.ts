import { asDocId, isDesignId, isLocalId, parseDocId, type DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import type { Methods, RequestContext } from '../context.ts'
import { originOf } from '../../http/request/origin.ts'
import { deleteAttachment, uploadAttachment } from '../attachments/attachments.ts'
import { databaseOf } from '../shared/path-names.ts'
import { postForm } from './form-document.ts'
import { copyDocument } from './copy-document.ts'
import { getLocalDocument } from './local-document.ts'
import { deleteDocument, putDocument } from './put-document.ts'

/**
 * Methods of paths below a database that begin with an underscore and are no endpoint: ids with an encoded slash, as
 * `_design%2Fx`, and ids that no document can have.
 */
export const systemPathMethods: Methods = {
  DELETE: ctx => withExistingId(ctx, deleteDocument),
  GET: getSystemPath,
  HEAD: getSystemPath,
  POST: ctx => withId(ctx, postForm),
  PUT: ctx => withId(ctx, (_, id) => putDocument(ctx, parseDocId(id))),
  COPY: ctx => withExistingId(ctx, copyDocument),
}

/** Methods of what lies below such a path. */
export const systemPathAttachmentMethods: Methods = {
  DELETE: ctx => withExistingId(ctx, (_, id) => deleteAttachment(ctx, documentWithAttachments(id))),
  GET: getAttachmentOfSystemPath,
  HEAD: getAttachmentOfSystemPath,
  PUT: ctx => withId(ctx, (_, id) => uploadAttachment(ctx, documentWithAttachments(parseDocId(id)))),
}

async function getAttachmentOfSystemPath(ctx: RequestContext): Promise<void> {
  await withExistingId(ctx, (_, id) => {
    documentWithAttachments(id)
    redirectToDesign(ctx)
  })
}

/** @throws `localAttachment` */
function documentWithAttachments(id: DocId): DocId {
  if (isLocalId(id)) throw fail('localAttachment')
  return id
}

async function getSystemPath(ctx: RequestContext): Promise<void> {
  await withExistingId(ctx, (_, id) => {
    if (isLocalId(id)) return getLocalDocument(ctx, id)
    redirectToDesign(ctx)
  })
}

/** So that relative links in what a design document shows lead somewhere. */
function redirectToDesign(ctx: RequestContext): void {
  ctx.redirect(originOf(ctx) + ctx.originalUrl.replace(/_design%2f/i, '_design/'))
  ctx.status = 301
  ctx.body = ''
}

type WithId = (ctx: RequestContext, id: DocId) => Promise<void> | void

/** @throws `bad_request` for a local document without a name */
async function withId(ctx: RequestContext, handle: WithId): Promise<void> {
  await databaseOf(ctx)
  const { systemName: id = null } = ctx.params
  if (id === null) throw fail('illegalDocId', 'Document id must be valid UTF-8')
  if (id === '_local' || id === '_local/') throw fail('badRequest', 'Invalid _local document id.')
  await handle(ctx, asDocId(id))
}

/** @throws `missing` for an id that no document can have */
async function withExistingId(ctx: RequestContext, handle: WithId): Promise<void> {
  await withId(ctx, async (_, id) => {
    if (!isDesignId(id) && !isLocalId(id)) throw fail('missing')
    await handle(ctx, id)
  })
}
