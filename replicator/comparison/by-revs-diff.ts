import type { Peer } from '../peer.ts'
import type { Difference } from './lines.ts'
import { allLeaves, type Sides } from './sides.ts'

/** A difference, with the documents of each side that were looked at. */
interface Looked {
  readonly differences: readonly Difference[]
  readonly counts: { readonly source: number; readonly target: number }
}

/**
 * Asks each side for the leaves that the other lists in `_changes`: needs no order of ids and no room for a sort, and tells
 * neither winners nor leaves that one side has descendants of.
 */
export async function* lackingEitherWay(
  sides: Sides,
  batchSize: number,
  signal: AbortSignal,
): AsyncGenerator<Looked, void, undefined> {
  for (const side of ['source', 'target'] as const) {
    const [from, to, other]: [Peer, Peer, 'source' | 'target'] =
      side === 'source' ? [sides.source, sides.target, 'target'] : [sides.target, sides.source, 'source']
    for await (const { rows } of from.changes(allLeaves(batchSize), signal)) {
      if (rows.length === 0) continue
      const missing = await to.revsDiff(rows, signal)
      const counts = { source: 0, target: 0, [side]: rows.length }
      yield {
        differences: missing.map(({ id, revs }) => ({ id, kind: 'leaves', missing_in: other, revs })),
        counts,
      }
    }
  }
}
