import { PeerError } from '../../replicator/peer-error.ts'
import type { Peer, WriteFailure } from '../../replicator/peer.ts'
import type { DocumentJob } from './document-job.ts'

const TIMEOUT_MS = 10 * 60_000

/** Fetches again what a job's target refused and offers it once more; what is taken leaves the list. */
export async function retryFailures(job: DocumentJob): Promise<{ written: number; failures: number }> {
  const { failures, spec } = job
  if (!failures || !spec) return { written: 0, failures: failures?.list.length ?? 0 }
  const { source, target } = await spec.open()
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  let written = 0
  try {
    for (const failure of failures.list) {
      const refusal = await moveAgain(source, target, failure, signal)
      if (refusal) failures.add({ ...refusal, id: failure.id, rev: failure.rev })
      else {
        failures.remove(failure)
        written++
      }
    }
  } finally {
    await Promise.all([source.close(), target.close()])
  }
  return { written, failures: failures.list.length }
}

async function moveAgain(
  source: Peer,
  target: Peer,
  { id, rev }: WriteFailure,
  signal: AbortSignal,
): Promise<WriteFailure | null> {
  try {
    for await (const revision of source.openRevision({ id, rev, possibleAncestors: [] }, signal)) {
      if (revision.kind === 'missing') {
        return { id, rev, status: 404, error: 'not_found', reason: `missing at ${source.url}` }
      }
      const refusal = await target.put(id, revision, signal)
      if (refusal) return refusal
    }
    return null
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    return { id, rev, status: error.status, error: error.error, reason: error.reason }
  }
}
