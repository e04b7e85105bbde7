import { createHash } from 'node:crypto'
import type { DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { externalTerm } from '../../../protocol/json/canonical.ts'
import { hashOf } from '../../../protocol/revision.ts'
import { xxh3 } from '../../../protocol/xxh3.ts'
import { readLocalDocument, renderLocalDocument } from '../../database/documents/local-documents.ts'
import type { LocalDocument } from '../../database/documents/local-record.ts'
import type { RequestContext } from '../context.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { notModified, sendJson } from '../../http/response/reply.ts'
import { databaseOf } from '../shared/path-names.ts'
import { sendOpenRevisions } from './open-revisions.ts'
import { documentQuery } from './read-options.ts'

/** `GET` and `HEAD` of a `_local` document. Asked for by revision it is not found, as it has no history. */
export async function getLocalDocument(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  const { rev, openRevs, latest, options } = documentQuery(QueryParams.of(ctx))
  if (openRevs !== undefined) {
    await sendOpenRevisions(ctx, database, id, { revs: openRevs, latest, options })
    return
  }
  const document = await readLocalDocument(database, id)
  if (document === undefined || rev !== undefined) throw fail('missing')
  if (!notModified(ctx, localEtag(document)))
    sendJson(ctx, renderLocalDocument(document, { revs: options.revs === true }))
}

/**
 * Revisions of local documents repeat, so that the ETag has to cover the body: it is CouchDB's, a hash of the Erlang term
 * {0, Revision, Body} (couch_httpd:doc_etag/3), where that does not take long: as far as clients know it is any text.
 */
export function localEtag({ rev, body }: Pick<LocalDocument, 'rev' | 'body'>): string {
  if (body.length > MAX_HASHED_BYTES)
    return createHash('sha256').update(rev).update(body).digest('hex').toUpperCase()
  const revision = Buffer.from(hashOf(rev))
  const head = Buffer.from([131, SMALL_TUPLE, 3, SMALL_INTEGER, 0, BINARY, 0, 0, 0, revision.length])
  return xxh3(Buffer.concat([head, revision, externalTerm(body)]))
    .toString(36)
    .toUpperCase()
}

const MAX_HASHED_BYTES = 64 * 1024
const SMALL_TUPLE = 104
const SMALL_INTEGER = 97
const BINARY = 109
