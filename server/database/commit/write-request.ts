import type { DocId } from '../../../protocol/document-id.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { Retention } from '../../../protocol/retention.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { ResolutionOrigin, ResolutionRow } from '../conflicts/resolution-log.ts'
import type { DocumentEdit, EditOutcome } from '../documents/edit.ts'
import type { InternalSetting } from '../setting-names.ts'
import type { FollowerState } from '../state.ts'
import type { LocalEdit } from './local-edits.ts'

/** Leaves of a document that are to be purged. */
export interface PurgeRequest {
  readonly id: DocId
  readonly revs: readonly Rev[]
}

/**
 * All that can be asked of a database's writer: plain data and bytes, so that it can be sent to another thread or node. What
 * it needs to be carried out (validation functions, rights, limits) is found where the writer is, see `apply-write.ts`.
 */
export type WriteRequest =
  | {
      readonly kind: 'edit_documents'
      readonly edits: readonly DocumentEdit[]
      /** `new_edits=false`: the revisions are taken as they are, and never conflict. */
      readonly replicated: boolean
      readonly user: UserContext
    }
  /** Resolves a conflict: all of the edits, or none of them. */
  | {
      readonly kind: 'resolve_conflict'
      readonly id: DocId
      /** Leaves that are not deleted, or nothing is done: another edit was faster. */
      readonly leaves: readonly Rev[]
      /** True where these must be all leaves that are not deleted. */
      readonly all: boolean
      /** Children of the leaves, no two of the same. */
      readonly edits: readonly DocumentEdit[]
      readonly user: UserContext
      /** Default: the log of resolutions is told nothing. */
      readonly log?: ResolutionOrigin | undefined
    }
  /** Adds rows to the log of resolutions, and removes its oldest. */
  | {
      readonly kind: 'log_resolutions'
      readonly rows: readonly ResolutionRow[]
      /** Number of rows to remove. */
      readonly removed: number
    }
  | {
      readonly kind: 'edit_local_documents'
      readonly edits: readonly LocalEdit[]
      /** Default: the server. */
      readonly user?: UserContext
    }
  /** Versions of rows, with what is remembered of them: all of it, or nothing. */
  | {
      readonly kind: 'write_rows'
      /** Revisions that are taken as they are. */
      readonly edits: readonly DocumentEdit[]
      readonly locals: readonly LocalEdit[]
      readonly user: UserContext
    }
  | { readonly kind: 'purge'; readonly requests: readonly PurgeRequest[] }
  | {
      readonly kind: 'set_security'
      /** A valid security object, canonical JSON. */
      readonly json: Uint8Array
    }
  | {
      readonly kind: 'set_limit'
      readonly name: 'revsLimit' | 'purgedInfosLimit'
      readonly limit: number
      /** Leaves the update sequence as it is: of limits that the server sets for itself. */
      readonly silent?: boolean
    }
  | { readonly kind: 'set_retention'; readonly retention: Retention }
  /** Makes the database a follower of a source, or, with null, ends that. */
  | { readonly kind: 'set_follower'; readonly follower: FollowerState | null }
  | { readonly kind: 'set_quorum'; readonly quorum: { readonly w: number; readonly r: number } | null }
  /** Replaces one of the small records that `setting-names.ts` names. */
  | { readonly kind: 'put_setting'; readonly name: InternalSetting; readonly json: Uint8Array }
  /** A step of a compaction: removes the bodies of revisions that are no leaves. */
  | { readonly kind: 'clear_interior'; readonly ids: readonly DocId[] }
  /** A step of a compaction: cuts the purge log to `_purged_infos_limit`. */
  | { readonly kind: 'cut_purge_log' }
  /** Takes away the database's references to content that no body refers to any more. */
  | { readonly kind: 'release_attachments' }

/** The answer to each kind of request, when it is on disk. */
export interface WriteResults {
  readonly edit_documents: readonly EditOutcome[]
  readonly resolve_conflict: readonly EditOutcome[]
  readonly log_resolutions: undefined
  readonly edit_local_documents: readonly Rev[]
  readonly write_rows: readonly EditOutcome[]
  /** The revisions that were removed, for each request. */
  readonly purge: readonly Rev[][]
  readonly set_security: undefined
  readonly set_limit: undefined
  readonly set_retention: undefined
  readonly set_follower: undefined
  readonly set_quorum: undefined
  readonly put_setting: undefined
  readonly clear_interior: undefined
  readonly cut_purge_log: undefined
  /** Addresses of the content that may be without any reference now. */
  readonly release_attachments: readonly string[]
}

export type ResultOf<Request extends WriteRequest> = WriteResults[Request['kind']]

const NO_IDS: readonly DocId[] = []

/** Returns the documents that carrying out a request needs to read. */
export function documentsOf(request: WriteRequest): readonly DocId[] {
  switch (request.kind) {
    case 'edit_documents':
    case 'write_rows':
      return request.edits.map(({ id }) => id)
    case 'purge':
      return request.requests.map(({ id }) => id)
    case 'resolve_conflict':
      return [request.id]
    case 'clear_interior':
      return request.ids
    case 'log_resolutions':
    case 'edit_local_documents':
    case 'set_security':
    case 'set_limit':
    case 'set_retention':
    case 'set_follower':
    case 'set_quorum':
    case 'put_setting':
    case 'cut_purge_log':
    case 'release_attachments':
      return NO_IDS
  }
}

/** Returns about how many bytes a request adds to its commit. */
export function bytesOf(request: WriteRequest): number {
  switch (request.kind) {
    case 'edit_documents':
    case 'resolve_conflict':
      return bytesOfEdits(request.edits)
    case 'edit_local_documents':
      return bytesOfLocals(request.edits)
    case 'write_rows':
      return bytesOfEdits(request.edits) + bytesOfLocals(request.locals)
    case 'purge':
      return request.requests.length * 100
    case 'log_resolutions':
      return request.rows.length * 500
    case 'clear_interior':
      return request.ids.length * 200
    case 'set_security':
      return request.json.length
    case 'set_limit':
    case 'set_retention':
    case 'set_follower':
    case 'set_quorum':
    case 'put_setting':
    case 'cut_purge_log':
    case 'release_attachments':
      return 0
  }
}

function bytesOfEdits(edits: readonly DocumentEdit[]): number {
  return edits.reduce((sum, { body }) => sum + body.length + 200, 0)
}

function bytesOfLocals(edits: readonly LocalEdit[]): number {
  return edits.reduce((sum, { body }) => sum + body.length, 0)
}
