import { fail } from '../../../protocol/errors.ts'
import { makeRev } from '../../../protocol/revision.ts'
import { findRev, historyNodes } from '../../../protocol/revtree/history.ts'
import type { StoredAttachment } from '../documents/body-record.ts'
import type { Commit } from './commit.ts'
import type { DocumentEdit, EditAttachment } from '../documents/edit.ts'

/**
 * The attachments of the revision that an edit makes, in its order: what came with it, and for each stub the attachment
 * of the same name of the revision that it builds on (CouchDB: couch_doc:merge_stubs/2). What comes with an edit has the
 * edit's generation as its `revpos`, one above the revision that was named; a replicated one keeps its own.
 *
 * @throws `missing_stub` where that revision has no such attachment, or another than the stub describes
 */
export function resolveAttachments(
  commit: Commit,
  edit: DocumentEdit,
  options: { replicated: boolean },
): readonly StoredAttachment[] {
  if (edit.attachments.length === 0) return NONE
  const hasStubs = edit.attachments.some(({ kind }) => kind === 'stub')
  const stored = hasStubs
    ? commit.bodies.attachmentsOf(sourceOfStubs(commit, edit, options.replicated))
    : NONE
  const known = new Map(stored.map(attachment => [attachment.name, attachment]))
  const revpos = options.replicated ? 0 : edit.revs.start + 1
  return edit.attachments.map(given =>
    given.kind === 'stored'
      ? { ...given.attachment, revpos: given.attachment.revpos ?? revpos }
      : attachmentOfStub(edit, given, known),
  )
}

const NONE: readonly StoredAttachment[] = []

/** The stored body that stubs stand for, 0 when there is none: an edit's parent, a replica's nearest stored ancestor. */
function sourceOfStubs(commit: Commit, edit: DocumentEdit, replicated: boolean): number {
  const tree = commit.document(edit.id)?.tree
  if (tree === undefined) return 0
  const given = edit.revs.hashes.map((hash, back) => makeRev(edit.revs.start - back, hash))
  const nearest = (replicated ? given.slice(1) : given.slice(0, 1)).find(
    rev => findRev(tree, rev) !== undefined,
  )
  if (nearest === undefined) return 0
  if (!replicated) return findRev(tree, nearest)?.body ?? 0
  return historyNodes(tree, nearest).find(({ body }) => body > 0)?.body ?? 0
}

type Stub = EditAttachment & { readonly kind: 'stub' }

function attachmentOfStub(
  edit: DocumentEdit,
  stub: Stub,
  known: ReadonlyMap<string, StoredAttachment>,
): StoredAttachment {
  const attachment = known.get(stub.name)
  const matches =
    attachment !== undefined &&
    (stub.revpos === undefined || stub.revpos === attachment.revpos) &&
    (stub.digest === undefined || stub.digest === attachment.digest)
  if (!matches) throw fail('missingStub', `${edit.id} for ${stub.name}`)
  return attachment
}
