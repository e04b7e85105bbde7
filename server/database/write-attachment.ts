import { parseDocument } from '../../protocol/document/parse.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { fail } from '../../protocol/errors.ts'
import type { Rev } from '../../protocol/revision.ts'
import { find } from '../../protocol/revtree/history.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { IncomingAttachment } from '../attachments/upload.ts'
import { applyWriteRules } from './apply-rules.ts'
import type { BodyRecord } from './body-record.ts'
import type { Database } from './database.ts'
import { toEdit } from './edit-from-input.ts'
import type { DocumentEdit, EditAttachment } from './edit.ts'
import { findWinner } from './read-document.ts'

export interface AttachmentWrite {
  readonly id: DocId
  /** The revision to change; undefined for a new document. */
  readonly rev: Rev | undefined
  readonly incoming: IncomingAttachment
  readonly user: UserContext
}

/**
 * Stores an attachment in a new revision of a document, in front of those that it has, or in a new document.
 *
 * @returns the new revision
 * @throws `missing_rev`, `conflict`, `attachment_too_large`, and what the source throws
 */
export async function putAttachment(
  database: Database,
  { id, rev, incoming, user }: AttachmentWrite,
  source: AsyncIterable<Uint8Array>,
): Promise<Rev> {
  const edit = await editOf(database, { id, rev, user, without: incoming.name })
  const received = await database.attachments.receive(incoming, source)
  try {
    const added: EditAttachment = { kind: 'stored', attachment: received.metadata }
    return await write(database, { ...edit, attachments: [added, ...edit.attachments] }, user)
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
  { id, rev, name, user }: { id: DocId; rev: Rev | undefined; name: string; user: UserContext },
): Promise<Rev> {
  const edit = await editOf(database, { id, rev, user, without: name })
  const body = rev === undefined ? findWinner(database, id).node.body : storedRevision(database, id, rev).body
  if (!database.attachmentsOf(body).some(attachment => attachment.name === name))
    throw fail('attachmentMissing')
  return write(database, edit, user)
}

/** An edit that changes nothing but that it leaves an attachment out. */
async function editOf(
  database: Database,
  options: { id: DocId; rev: Rev | undefined; user: UserContext; without: string },
): Promise<DocumentEdit> {
  const { id, rev, user, without } = options
  const { deleted, body: number } = rev === undefined ? NOTHING : storedRevision(database, id, rev)
  const { body, attachments } = rev === undefined ? EMPTY : database.body(number)
  const input = { ...parseDocument(body, { term: true }), rev, deleted }
  const ruled = await applyWriteRules(database, id, input, user)
  const kept = attachments
    .filter(({ name }) => name !== without)
    .map(({ name, revpos, digest }): EditAttachment => ({ kind: 'stub', name, revpos, digest }))
  return toEdit(id, ruled, { replicated: false, attachments: kept })
}

const NOTHING = { deleted: false, body: 0 }
const EMPTY: BodyRecord = { body: Buffer.from('{}'), attachments: [] }

/** @throws `missing_rev` */
function storedRevision(database: Database, id: DocId, rev: Rev): { deleted: boolean; body: number } {
  const document = database.document(id)
  const node = document === undefined ? undefined : find(document.tree, rev)
  if (node === undefined || node.body === 0) throw fail('missingRev')
  return node
}

async function write(database: Database, edit: DocumentEdit, user: UserContext): Promise<Rev> {
  const [outcome] = await database.update([edit], { replicated: false, user })
  if (outcome === undefined || outcome.error !== undefined) throw outcome?.error ?? fail('conflict')
  return outcome.rev
}
