import type { DocId } from '../../../protocol/document-id.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import { fail } from '../../../protocol/errors.ts'
import { generationOf, hashOf, type Rev } from '../../../protocol/revision.ts'
import type { DocumentEdit, EditAttachment } from './edit.ts'

/**
 * An edit from what a client sent. `_revisions` beats `_rev`; without `new_edits` one of them is needed.
 *
 * @throws `bad_request` for a replicated document without a revision
 */
export function toEdit(
  id: DocId,
  input: Omit<DocumentInput, 'rev'> & { readonly rev: Rev | undefined },
  options: { replicated: boolean; attachments: readonly EditAttachment[]; newRev?: Rev | undefined },
): DocumentEdit {
  const { rev, revisions, deleted, body, term } = input
  if (options.replicated && rev === undefined) throw fail('revisionRequired')
  const revs =
    revisions !== undefined
      ? { start: revisions.start, hashes: revisions.ids }
      : rev !== undefined
        ? { start: generationOf(rev), hashes: [hashOf(rev)] }
        : { start: 0, hashes: [] }
  return {
    id,
    revs,
    deleted,
    body,
    term: options.replicated ? undefined : term,
    newRev: options.newRev,
    attachments: options.attachments,
  }
}
