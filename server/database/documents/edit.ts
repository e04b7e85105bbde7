import type { CouchError } from '../../../protocol/errors.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import { makeRev, type Rev } from '../../../protocol/revision.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import type { Security } from '../../../protocol/security.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { StoredAttachment } from './body-record.ts'

/** A document as a client wants it written, its attachments' data already in the attachment store. */
export interface DocumentEdit {
  readonly id: DocId
  /**
   * Newest first. For an edit: the revision that it replaces and the ancestors that were given, none for a creation
   * (start 0). For a replicated revision: the revision itself and its ancestors.
   */
  readonly revs: { readonly start: number; readonly hashes: readonly string[] }
  readonly deleted: boolean
  /** JSON object text without the members that start with "_". */
  readonly body: Uint8Array
  /** The body's external term; replicated revisions have their id already and need none. */
  readonly term: Uint8Array | undefined
  /** The id of the new revision where the edit replaces the one that it names; undefined where it is not known yet. */
  readonly newRev?: Rev | undefined
  readonly attachments: readonly EditAttachment[]
}

/** The revision that an edit replaces. */
export function parentGiven(edit: DocumentEdit): Rev | undefined {
  const hash = edit.revs.hashes[0]
  return hash === undefined ? undefined : makeRev(edit.revs.start, hash)
}

/** An attachment whose data came with the edit, or a reference to one of the revision that the edit replaces. */
export type EditAttachment =
  | {
      readonly kind: 'stored'
      readonly attachment: Omit<StoredAttachment, 'revpos'> & { readonly revpos?: number }
    }
  | { readonly kind: 'stub'; readonly name: string; readonly revpos?: number; readonly digest?: string }

export type EditOutcome =
  | { readonly id: DocId; readonly rev: Rev; readonly error?: undefined }
  | { readonly id: DocId; readonly rev?: Rev; readonly error: CouchError }

/** The user of a write, with the `_security` object that validation functions are given. */
export interface Actor {
  readonly user: UserContext
  readonly security: Security
}

/** Judges documents before they are written: `validate_doc_update` functions, the rules of system databases. */
export interface DocumentValidator {
  /** Returns false where it has no say in these edits: then nothing is read for it. */
  appliesTo(edits: readonly DocumentEdit[]): boolean
  /** The error of each document that is refused, in the order of the documents. */
  validate(
    documents: readonly ValidatedDocument[],
    actor: Actor,
  ): Promise<readonly (CouchError | undefined)[]>
}

export interface ValidatedDocument {
  readonly id: DocId
  readonly edit: DocumentEdit
  /** The edit's attachments, stubs resolved. */
  readonly attachments: readonly StoredAttachment[]
  /** The document as it stands, undefined for a new one. */
  readonly document: { readonly tree: RevTree } | undefined
  /** `new_edits=false`: the edit's first revision is its own, not its parent's. */
  readonly replicated: boolean
  /** The stored body number of the revision that the edit replaces. */
  readonly previous: { readonly rev: Rev; readonly deleted: boolean; readonly body: number } | undefined
}
