import type { Peers } from '../replication/peers.ts'
import type { RunRequest } from '../replication/run.ts'

/** Outcome of asking a target for every leaf of a source. */
export interface Comparison {
  readonly documents: number
  readonly leaves: number
  /** Leaves of the source that the target lacks. */
  readonly missing: number
  /** The first of them. */
  readonly examples: readonly { readonly id: string; readonly rev: string }[]
}

const BATCH = 1000
const EXAMPLES = 20

/** Asks the target for every leaf of the source, deleted ones too. */
export async function missingLeaves(
  peers: Peers,
  { source, target, options }: RunRequest,
  signal: AbortSignal,
): Promise<Comparison> {
  const [from, to] = [peers.open(source, options), peers.open(target, options)]
  const examples: { id: string; rev: string }[] = []
  let [documents, leaves, missing] = [0, 0, 0]
  const request = {
    since: 0,
    feed: 'normal',
    style: options.winningRevsOnly ? 'main_only' : 'all_docs',
    filter: options.filter,
    batchSize: BATCH,
  } as const
  for await (const { rows } of from.changes(request, signal)) {
    documents += rows.length
    leaves += rows.reduce((sum, { revs }) => sum + revs.length, 0)
    for (const { id, revs } of rows.length === 0 ? [] : await to.revsDiff(rows, signal)) {
      missing += revs.length
      for (const rev of revs) if (examples.length < EXAMPLES) examples.push({ id, rev })
    }
  }
  return { documents, leaves, missing, examples }
}
