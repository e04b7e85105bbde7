import type { SourceSeq } from '../protocol/checkpoint.ts'
import type { Peer } from './peer.ts'

/** A document of which one side lacks revisions that the other has as leaves. */
export interface Difference {
  readonly id: string
  readonly missing_in: 'source' | 'target'
  /** Leaves of the other side, deleted ones too. */
  readonly revs: readonly string[]
}

/** The end of a comparison. */
export interface ComparisonSummary {
  readonly summary: {
    /** True where both sides have the same leaves. */
    readonly equal: boolean
    /** Documents of each side that were looked at, deleted ones too. */
    readonly source_documents: number
    readonly target_documents: number
    /** Documents of which the side lacks revisions. */
    readonly missing_in_source: number
    readonly missing_in_target: number
  }
}

const BEGINNING: SourceSeq = 0
const NO_FILTER = { kind: 'none' } as const

/**
 * Compares two databases leaf for leaf: the leaves of all documents of one side, deleted and losing ones too, are asked for on
 * the other, and the other way round. Two sides that lack nothing of each other have the same leaves, and so the same
 * winners. Memory is bounded by a batch; what is written meanwhile may count as a difference.
 *
 * @param batchSize documents that are asked for at a time
 */
export async function* compare(
  { source, target }: { readonly source: Peer; readonly target: Peer },
  batchSize: number,
  signal: AbortSignal,
): AsyncGenerator<Difference | ComparisonSummary, void, undefined> {
  const found = { source: { documents: 0, missing: 0 }, target: { documents: 0, missing: 0 } }
  for (const side of ['source', 'target'] as const) {
    const other = side === 'source' ? 'target' : 'source'
    const [from, to] = side === 'source' ? [source, target] : [target, source]
    const request = {
      since: BEGINNING,
      feed: 'normal',
      style: 'all_docs',
      filter: NO_FILTER,
      batchSize,
    } as const
    for await (const { rows } of from.changes(request, signal)) {
      found[side].documents += rows.length
      if (rows.length === 0) continue
      for (const { id, revs } of await to.revsDiff(rows, signal)) {
        found[other].missing += 1
        yield { id, missing_in: other, revs }
      }
    }
  }
  yield {
    summary: {
      equal: found.source.missing + found.target.missing === 0,
      source_documents: found.source.documents,
      target_documents: found.target.documents,
      missing_in_source: found.source.missing,
      missing_in_target: found.target.missing,
    },
  }
}
