import type { DocId } from '../document-id.ts'
import type { CouchError } from '../errors.ts'
import type { Rev } from '../revision.ts'
import type { AttachmentInput } from './attachment-input.ts'

/** A revision's history as `_revisions` gives it: the newest hash first, `start` is its generation. */
export interface RevisionsInput {
  readonly start: number
  readonly ids: readonly string[]
}

/** A document as a client sent it. */
export interface DocumentInput {
  readonly id: DocId | undefined
  /**
   * The newest of `_revisions` where there is that member, else `_rev`: what an edit replaces, or what is replicated.
   */
  readonly rev: Rev | undefined
  readonly deleted: boolean
  readonly revisions: RevisionsInput | undefined
  /** In the order received; undefined when there is no `_attachments`. */
  readonly attachments: readonly AttachmentInput[] | undefined
  /** Canonical JSON of the body, without the members that are no part of it. May share memory with other bodies. */
  readonly body: Buffer
  /** The body in Erlang's external term format, if requested. */
  readonly term: Buffer | undefined
  /** Bytes of the body by CouchDB's measure (`couch_ejson_size`), which `max_document_size` limits. */
  readonly size: number
  /**
   * Why a server does not store the document, though it is well-formed: it is beyond a limit that CouchDB does not have.
   * The other documents of its request are written, so that it does not stop a replication.
   */
  readonly refusal?: CouchError
}

/** Limits on documents. */
export interface DocumentLimits {
  /** `[couchdb] max_document_size`, in bytes as `DocumentInput.size` counts them. */
  readonly maxSize?: number
  /** `[couchdb] max_document_id_length`, in bytes. */
  readonly maxIdBytes?: number
  /** `[couchette] max_document_depth`: containers within each other, the document itself included. */
  readonly maxDepth?: number
  /** `[couchette] max_document_attachments`. */
  readonly maxAttachments?: number
  /** `[couchette] max_document_revisions`: revisions in `_revisions`. */
  readonly maxRevisions?: number
}

/** Limits that hold where nothing is configured, as they keep what is stored usable. */
export const DEFAULT_LIMITS = { maxDepth: 1000, maxAttachments: 10_000, maxRevisions: 100_000 } as const
