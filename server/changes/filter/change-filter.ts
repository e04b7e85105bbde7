import { createHash } from 'node:crypto'
import type { DocId } from '../../../protocol/document-id.ts'
import type { Rev } from '../../../protocol/revision.ts'

/**
 * What a filter says of a change: no, yes, or yes for these leaves alone.
 */
export type Verdict = boolean | readonly Rev[]

/** Decides which changes a feed gives. */
export interface ChangeFilter {
  /** Equal for filters that pass the same changes: live feeds with equal keys share the work. */
  readonly key: string
  /** How many records to judge at a time. */
  readonly pageSize: number
  /** Whether it runs code of a design document, which can fail. */
  readonly mayFail: boolean
  /** The members of documents to show, of `filter=_selector` with `fields`. */
  readonly project?: (document: Buffer) => Buffer
  /**
   * What it says of each record: of all, or of the first of them, at least one, where documents are large.
   *
   * @param options.allLeaves whether each leaf is judged, or the winner alone
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
