import type { AttachmentInput } from '../../../protocol/document/attachment-input.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import { parseDocument } from '../../../protocol/document/parse.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import type { Rev } from '../../../protocol/revision.ts'
import { findRev } from '../../../protocol/revtree/history.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { IncomingAttachment } from '../../attachments/upload.ts'
import type { StoredAttachment } from './body-record.ts'
import type { Database } from '../database.ts'
import { findWinner } from './read-document.ts'
import { writeDocument, type DocumentToWrite } from './write-documents.ts'

/** Document whose attachments a request changes, with the revision that it changes and the user. */
export interface AttachmentTarget {
  readonly id: DocId
  /** Undefined for a new document. */
  readonly rev: Rev | undefined
  /** Returns the user as of now: the roles may have changed while the attachment came. */
  readonly user: () => UserContext
}

/**
 * Stores an attachment in a new revision of a document, in front of those that it has, or in a new document. The
 * source's bytes are given up.
 *
 * @returns the new revision
 * @throws `missing_rev`, `conflict`, `attachment_too_large`, and what the source throws
 */
export async function putAttachment(
  database: Database,
  { id, rev, user }: AttachmentTarget,
  incoming: IncomingAttachment,
  source: AsyncIterable<Uint8Array>,
): Promise<Rev> {
  const input = inputOf(database, id, rev)
  const received = await database.attachments.receive(incoming, source, true)
  try {
    return await write(database, { id, input, added: [received] }, user())
  } finally {
    received.release()
  }
}

/**
 * Makes a new revision of a document without one of its attachments.
 *
 * @throws `missing`, `deleted`, `attachment_missing`, `missing_rev`, `conflict`
 */
export async function removeAttachment(
  database: Database,
  { id, rev, user }: AttachmentTarget,
  name: string,
): Promise<Rev> {
  const input = inputOf(database, id, rev)
  const body = rev === undefined ? findWinner(database, id).node.body : storedRevision(database, id, rev).body
  const has = database.attachmentsOf(body).some(attachment => attachment.name === name)
  if (!has) throw fail('attachmentMissing')
  const attachments = input.attachments?.filter(attachment => attachment.name !== name)
  return write(database, { id, input: { ...input, attachments } }, user())
}

/**
 * A stored revision as a client would send it back unchanged, its attachments as stubs; an empty document without one.
 *
 * @throws `missing_rev`
 */
export function inputOf(database: Database, id: DocId, rev: Rev | undefined): DocumentInput {
  if (rev === undefined) return parseDocument(EMPTY, { term: true })
  const { deleted, body: number } = storedRevision(database, id, rev)
  const { body, attachments } = database.body(number)
  return { ...parseDocument(body, { term: true }), rev, deleted, attachments: attachments.map(stubOf) }
}

const EMPTY = Buffer.from('{}')

function stubOf(attachment: StoredAttachment): AttachmentInput {
  const { name, contentType, revpos, digest, length, encoding = 'identity', encodedLength } = attachment
  return {
    name,
    contentType,
    revpos,
    digest: Buffer.from(digest.slice('md5-'.length), 'base64'),
    length,
    encoding,
    encodedLength: encodedLength ?? length,
    data: undefined,
    stub: true,
    follows: false,
  }
}

function storedRevision(database: Database, id: DocId, rev: Rev): { deleted: boolean; body: number } {
  const document = database.document(id)
  const node = document === undefined ? undefined : findRev(document.tree, rev)
  if (node === undefined || node.body === 0) throw fail('missingRev')
  return node
}

function write(database: Database, document: DocumentToWrite, user: UserContext): Promise<Rev> {
  return writeDocument(database, document, { replicated: false, user })
}
