import type { WriteFailure } from '../peer.ts'
import { transferOptions } from '../pipeline/transfer-options.ts'
import { Transfer } from '../pipeline/transfer.ts'
import type { ReplicationPlan } from '../replication-plan.ts'
import type { DivergentDocument, RepairRecord } from './divergence.ts'
import type { MissingDocument, Sides } from './look.ts'
import { isComparable } from './refusals.ts'

/** A repair's record, and the ids of the documents that are on the target now. */
export interface Repair {
  readonly record: RepairRecord
  readonly ids: readonly string[]
}

/**
 * Replicates documents that differ, and asks the target afterwards what it still lacks.
 *
 * @param refused receives each document that the target refuses again
 */
export async function repair(
  { source, target }: Sides,
  plan: ReplicationPlan,
  documents: readonly DivergentDocument[],
  refused: (failure: WriteFailure) => void,
  signal: AbortSignal,
): Promise<Repair> {
  let reason: string | null = null
  const transfer = new Transfer(source, target, transferOptions(plan, false), failure => {
    reason = `${failure.error}: ${failure.reason}`
    refused(failure)
  })
  const done: string[] = []
  const { workerBatchSize } = plan.options
  try {
    for (let start = 0; start < documents.length; start += workerBatchSize) {
      const batch = documents.slice(start, start + workerBatchSize).flatMap(askable)
      if (batch.length === 0) continue
      await transfer.move(
        batch.map(({ id, revs }) => ({ id, revs, seq: 0 })),
        signal,
      )
      const still = new Set((await target.revsDiff(batch, signal)).map(({ id }) => id))
      done.push(...batch.map(({ id }) => id).filter(id => !still.has(id)))
    }
  } catch (error) {
    signal.throwIfAborted()
    reason = error instanceof Error ? error.message : String(error)
  }
  return { record: recordOf(documents.length, done.length, reason), ids: done }
}

function recordOf(documents: number, repaired: number, reason: string | null): RepairRecord {
  const failed = documents - repaired
  return {
    at: new Date().toISOString(),
    documents,
    repaired,
    failed,
    reason: failed === 0 ? null : (reason ?? 'the target still lacks documents that it took'),
  }
}

/** Malformed revisions are left out: no target takes them. */
function askable({ id, revs }: DivergentDocument): MissingDocument[] {
  const usable = revs.filter(rev => isComparable({ id, rev }))
  return usable.length === 0 ? [] : [{ id, revs: usable }]
}
