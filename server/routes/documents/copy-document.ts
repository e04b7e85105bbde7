import { isLocalId, parseDocId, type DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { parseRev, type Rev } from '../../../protocol/revision.ts'
import { SERVER, type UserContext } from '../../../protocol/user-context.ts'
import type { Database } from '../../database/database.ts'
import { readLocalDocument } from '../../database/documents/local-documents.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import type { ReceivedAttachment } from '../../attachments/upload.ts'
import { parseDocument } from '../../../protocol/document/parse.ts'
import { findRevision, findWinner, readRevision } from '../../database/documents/read-document.ts'
import { writeDocument } from '../../database/documents/write-documents.ts'
import type { RequestContext } from '../context.ts'
import { decodeSegment } from '../../http/request/percent.ts'
import { databaseOf } from '../shared/path-names.ts'
import { checkIdIn, checkRequestedId } from '../shared/document-limits.ts'
import { checkQuorum, reachQuorum } from '../shared/quorum.ts'
import { setLocation } from '../../http/response/location.ts'
import { answerWritten, setWrittenEtag } from './answer-write.ts'
import { revisionNamed } from '../shared/named-revision.ts'

/** `COPY`: a document's body and attachments in another document, which `Destination` names. */
export async function copyDocument(ctx: RequestContext, id: DocId): Promise<void> {
  const database = await databaseOf(ctx)
  checkQuorum(ctx)
  const rev = revisionNamed(ctx)
  const target = parseDestination(ctx.get('Destination'))
  checkRequestedId(database, id)
  refuseHidden(database, id, rev, ctx.state.user)
  checkIdIn(database, target.id)
  const { input, added } = await readSource(database, id, rev)
  try {
    const document = { id: target.id, input: { ...input, rev: target.rev }, added }
    const options = { replicated: false, user: ctx.state.user }
    const written = { id: target.id, rev: await writeDocument(database, document, options), input }
    await reachQuorum(ctx, database, [written])
    setLocation(ctx, [database.name, target.id])
    setWrittenEtag(ctx, written)
    answerWritten(ctx, written, 201)
  } finally {
    for (const attachment of added) attachment.release()
  }
}

/** Refuses to copy a document that the user may read only in part. @throws `missing` */
function refuseHidden(database: Database, id: DocId, rev: Rev | undefined, user: UserContext): void {
  if (database.rules === undefined || isLocalId(id)) return
  const found =
    rev === undefined ? findWinner(database, id) : findRevision(database, id, rev, { latest: false })
  const shown = readRevision(database, id, found, {}, user).json
  if (!shown.equals(readRevision(database, id, found, {}, SERVER).json)) throw fail('missing')
}

interface Source {
  readonly input: DocumentInput
  /** To be released. */
  readonly added: readonly ReceivedAttachment[]
}

/**
 * Reads a `Destination` header: a document id, percent-encoded, and `?rev=` where it exists
 * (CouchDB: couch_httpd_db:parse_copy_destination_header/1).
 *
 * @throws `bad_request`
 */
function parseDestination(header: string): { id: DocId; rev: Rev | undefined } {
  if (header === '') throw fail('badRequest', 'Destination header is mandatory for COPY.')
  if (/^https?:\/\//.test(header)) throw fail('badRequest', 'Destination URL must be relative.')
  const [path = '', query] = header.split('?', 2)
  const id = decodeSegment(path)
  if (id === undefined) throw fail('illegalDocId', 'Document id must be valid UTF-8')
  const rev = query === undefined ? undefined : parseRev(query.slice(query.indexOf('=') + 1))
  return { id: parseDocId(id), rev }
}

/** @throws `missing`, `deleted` */
async function readSource(database: Database, id: DocId, rev: Rev | undefined): Promise<Source> {
  if (isLocalId(id)) {
    const local = await readLocalDocument(database, id)
    if (local === undefined) throw fail('missing')
    return { input: parseDocument(local.body, { term: true }), added: [] }
  }
  const { node } =
    rev === undefined ? findWinner(database, id) : findRevision(database, id, rev, { latest: false })
  const { body, attachments } = database.body(node.body)
  const input = { ...parseDocument(body, { term: true }), deleted: node.deleted }
  return { input, added: await Promise.all(attachments.map(one => database.attachments.retain(one))) }
}
