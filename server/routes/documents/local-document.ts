import { createHash } from 'node:crypto'
import type { DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { readLocalDocument, renderLocalDocument, type LocalDocument } from '../../database/local-documents.ts'
import type { RequestContext } from '../../http/context.ts'
import { notModified, sendJson } from '../../http/reply.ts'
import { databaseOf } from '../database-of.ts'

/** `GET` and `HEAD` of a `_local` document. */
export async function getLocalDocument(ctx: RequestContext, id: DocId): Promise<void> {
  const document = await readLocalDocument(await databaseOf(ctx), id)
  if (document === undefined) throw fail('missing')
  if (!notModified(ctx, localEtag(document))) sendJson(ctx, renderLocalDocument(document))
}

/** Revisions of local documents repeat, so that the ETag has to cover the body. */
export function localEtag({ rev, body }: Pick<LocalDocument, 'rev' | 'body'>): string {
  return createHash('md5').update(rev).update(body).digest('base64url')
}
