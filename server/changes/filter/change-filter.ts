import { createHash } from 'node:crypto'
import type { DocId } from '../../../protocol/document-id.ts'
import type { Rev } from '../../../protocol/revision.ts'

/** Result of a filter for a change: passes or not, or the leaves that pass. */
export type Verdict = boolean | readonly Rev[]

/** Decides which changes a feed gives. */
export interface ChangeFilter {
  /** Equal for filters that pass the same changes: live feeds with equal keys share the work. */
  readonly key: string
  /** Number of records to give to `select` at a time. */
  readonly pageSize: number
  /** True if it runs code of a design document, which can fail. */
  readonly mayFail: boolean
  /** The members of documents to show, of `filter=_selector` with `fields`. */
  readonly project?: (document: Buffer) => Buffer
  /**
   * Returns the verdicts on the records in their order: on all, or, where documents are large, on the first ones (at
   * least one).
   *
   * @param options.allLeaves true to judge each leaf, false for the winner alone
   */
  select(
    records: readonly Uint8Array[],
    options: { allLeaves: boolean },
  ): readonly Verdict[] | Promise<readonly Verdict[]>
  /** The only documents that can pass, where they are few enough to be looked up. */
  readonly candidates?: Candidates
}

export type Candidates = { readonly ids: readonly DocId[] } | { readonly from: string; readonly to: string }

/** A short key of a filter: thousands of readers each have one. */
export function filterKey(kind: string, parts: unknown): string {
  return `${kind} ${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`
}
