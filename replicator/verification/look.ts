import type { SourceSeq } from '../../protocol/checkpoint.ts'
import { compare } from '../compare.ts'
import type { Peer } from '../peer.ts'
import type { ReplicationPlan } from '../replication-plan.ts'

/** Both sides of a replication. */
export interface Sides {
  readonly source: Peer
  readonly target: Peer
}

/** A document of which the target lacks revisions. */
export interface MissingDocument {
  readonly id: string
  readonly revs: readonly string[]
  /** Sequence of the source's row, where it was read. */
  readonly seq?: SourceSeq
}

/** Yields the documents of which the target lacks revisions that the replication would copy. */
export async function* missingOnTarget(
  { source, target }: Sides,
  { options }: ReplicationPlan,
  batchSize: number,
  signal: AbortSignal,
): AsyncGenerator<MissingDocument, void, undefined> {
  const { filter, winningRevsOnly, sinceSeq = 0 } = options
  if (filter.kind !== 'none' || winningRevsOnly || sinceSeq !== 0) {
    yield* missingOfSelected({ source, target }, { ...options, sinceSeq }, batchSize, signal)
    return
  }
  for await (const line of compare({ source, target }, batchSize, signal)) {
    if ('id' in line && line.missing_in === 'target') yield { id: line.id, revs: line.revs }
  }
}

/** Asks the target for what the source's filter lets through. */
async function* missingOfSelected(
  { source, target }: Sides,
  { filter, winningRevsOnly, sinceSeq }: ReplicationPlan['options'] & { readonly sinceSeq: SourceSeq },
  batchSize: number,
  signal: AbortSignal,
): AsyncGenerator<MissingDocument, void, undefined> {
  const style = winningRevsOnly ? 'main_only' : 'all_docs'
  const request = { since: sinceSeq, feed: 'normal', style, filter, batchSize } as const
  // A source may send other documents than those that were requested.
  const only = filter.kind === 'docIds' ? new Set(filter.docIds) : undefined
  for await (const { rows } of source.changes(request, signal)) {
    const wanted = only === undefined ? rows : rows.filter(({ id }) => only.has(id))
    if (wanted.length === 0) continue
    const seqs = new Map(wanted.map(({ id, seq }) => [id, seq]))
    for (const { id, revs } of await target.revsDiff(wanted, signal)) {
      const seq = seqs.get(id)
      yield { id, revs, ...(seq === undefined ? {} : { seq }) }
    }
  }
}
