import { fail } from '../../protocol/errors.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { Peer, WriteFailure } from '../../replicator/peer.ts'
import type { Divergence } from '../../replicator/verification/divergence.ts'
import type { Database } from '../database/database.ts'
import { DivergenceLog } from './divergence-log.ts'
import { documentOrigin, documentRequest } from './document-request.ts'
import { FailureLog } from './failure-log.ts'
import type { Replicator } from './replicator.ts'
import { readReplicatorDocument } from './stored-documents.ts'

const TIMEOUT_MS = 10 * 60_000

/**
 * Returns the failed writes of a document's job: from the running job, else as stored.
 *
 * @throws `missing` when there is no such document
 */
export async function failuresOf(replicator: Replicator, database: Database, id: DocId): Promise<FailureLog> {
  if (readReplicatorDocument(database, id) === null) throw fail('missing')
  const job = await replicator.documents.job(database.name, id)
  return job?.failures ?? (await FailureLog.open(database, id))
}

/**
 * Returns the divergence of a document's job: from the running job, else as stored.
 *
 * @throws `missing` when there is no such document
 */
export async function divergenceFor(
  replicator: Replicator,
  database: Database,
  id: DocId,
): Promise<Divergence> {
  const failures = await failuresOf(replicator, database, id)
  const job = await replicator.documents.job(database.name, id)
  return job?.spec?.verification?.divergence ?? new DivergenceLog(database, id).open(failures)
}

/** Fetches again what a job's target refused and offers it once more; what is taken leaves the list. */
export async function retryFailures(
  replicator: Replicator,
  database: Database,
  id: DocId,
): Promise<{ written: number; failures: number }> {
  const failures = await failuresOf(replicator, database, id)
  const written = failures.list.length > 0 ? await offerAgain(replicator, database, id, failures) : 0
  await failures.close()
  return { written, failures: failures.list.length }
}

async function offerAgain(
  replicator: Replicator,
  database: Database,
  id: DocId,
  failures: FailureLog,
): Promise<number> {
  const stored = readReplicatorDocument(database, id)
  if (stored === null) throw fail('missing')
  const document = { database: database.name, id }
  const request = documentRequest(replicator, document, stored)
  const origin = await documentOrigin(replicator, document, stored, request)
  const { source, target } = await replicator.peersOf(request, origin)
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
  return written
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
