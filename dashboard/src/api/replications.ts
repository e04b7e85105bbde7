import { memberOf, withMember, withoutMembers } from '../lib/json-text.ts'
import { apiPath } from '../lib/location.ts'
import {
  mergeJobs,
  PAUSED,
  type ReplicationJob,
  type SchedulerDoc,
  type SchedulerJob,
} from '../lib/replication-job.ts'
import { documentText, putDocument } from './documents.ts'
import { ApiError, getJson, hasStatus, sendJson } from './http.ts'

const MOST = 2000

/** All replications: those of documents and those that `_replicate` asked for. */
export async function listReplications(signal: AbortSignal): Promise<ReplicationJob[]> {
  const [docs, jobs] = await Promise.all([
    getJson<{ docs: SchedulerDoc[] }>('_scheduler/docs', { params: { limit: MOST }, signal }).catch(
      (error: unknown) => {
        // Without a _replicator database there are none.
        if (hasStatus(error, 404)) return { docs: [] }
        throw error
      },
    ),
    getJson<{ jobs: SchedulerJob[] }>('_scheduler/jobs', { params: { limit: MOST }, signal }),
  ])
  return mergeJobs(docs.docs, jobs.jobs)
}

/** One replication by the database and id of its document. */
export async function getReplication(
  database: string,
  id: string,
  signal: AbortSignal,
): Promise<ReplicationJob | undefined> {
  const doc = await getJson<SchedulerDoc>(`_scheduler/docs/${apiPath(database)}/${apiPath(id)}`, { signal })
  const job =
    doc.id === null
      ? undefined
      : await getJson<SchedulerJob>(`_scheduler/jobs/${apiPath(doc.id)}`, { signal }).catch(
          (error: unknown) => {
            if (hasStatus(error, 404)) return undefined
            throw error
          },
        )
  return mergeJobs([doc], job === undefined ? [] : [job])[0]
}

export interface Failure {
  readonly id: string
  readonly rev: string
  readonly status?: number
  readonly error?: string
  readonly reason?: string
  readonly first?: string
  readonly last?: string
}

export async function listFailures(
  database: string,
  id: string,
  signal: AbortSignal,
): Promise<{ total: number; failures: readonly Failure[] }> {
  return getJson(`_scheduler/docs/${apiPath(database)}/${apiPath(id)}/failures`, { signal })
}

/** Offers the refused documents to the target again. */
export async function retryFailures(database: string, id: string): Promise<void> {
  await sendJson('POST', `_scheduler/docs/${apiPath(database)}/${apiPath(id)}/failures`, { json: {} })
}

const STATE = [
  '_replication_state',
  '_replication_state_reason',
  '_replication_state_time',
  '_replication_id',
  '_replication_stats',
]

/** Ends a replication and keeps its document; what is copied and its checkpoint stay. */
export async function pauseReplication(database: string, id: string, user: string | null): Promise<void> {
  const text = await documentText(database, id)
  const reason = `${PAUSED} by ${user ?? 'an administrator'} in the dashboard.`
  const paused = withMember(
    withMember(
      withoutMembers(text, name => STATE.includes(name)),
      '_replication_state',
      '"failed"',
    ),
    '_replication_state_reason',
    JSON.stringify(reason),
  )
  await putDocument(database, id, paused)
}

/** Starts a replication that was paused, has ended or has failed. */
export async function resumeReplication(database: string, id: string): Promise<void> {
  const text = await documentText(database, id)
  await putDocument(
    database,
    id,
    withoutMembers(text, name => STATE.includes(name)),
  )
}

/** Starts a failing replication now, without the wait that grows with each failure. */
export async function retryReplication(database: string, id: string, user: string | null): Promise<void> {
  const text = await documentText(database, id)
  if (memberOf(text, '_replication_state') === undefined) await pauseReplication(database, id, user)
  await resumeReplication(database, id)
}

export interface Endpoint {
  readonly url: string
  readonly name: string
  readonly password: string
}

export interface NewReplication {
  readonly id: string
  readonly source: Endpoint
  readonly target: Endpoint
  readonly continuous: boolean
  readonly createTarget: boolean
  /** JSON text of a selector; empty for all documents. */
  readonly selector: string
}

function endpointJson({ url, name, password }: Endpoint): object {
  return name === '' ? { url } : { url, auth: { basic: { username: name, password } } }
}

export interface CheckResult {
  readonly ok: boolean
  readonly message: string
}

/**
 * Makes the node open both sides as the replication would, by a replication of no documents. It is the node that must
 * reach them, not this browser.
 */
export async function checkEnds(source: Endpoint, target: Endpoint): Promise<CheckResult> {
  try {
    await sendJson('POST', '_replicate', {
      json: {
        source: endpointJson(source),
        target: endpointJson(target),
        doc_ids: [],
        use_checkpoints: false,
        retries_per_request: 1,
        connection_timeout: 10_000,
      },
    })
    return { ok: true, message: '' }
  } catch (error) {
    if (error instanceof ApiError && error.status !== 0) {
      return { ok: false, message: `${error.error}: ${error.reason}` }
    }
    throw error
  }
}

export async function createReplication(replication: NewReplication): Promise<string> {
  await sendJson('PUT', '_replicator').catch((error: unknown) => {
    if (!hasStatus(error, 412)) throw error
  })
  const { id, source, target, continuous, createTarget, selector } = replication
  const text = JSON.stringify({
    source: endpointJson(source),
    target: endpointJson(target),
    ...(continuous ? { continuous } : {}),
    ...(createTarget ? { create_target: true } : {}),
  })
  const document = selector.trim() === '' ? text : withMember(text, 'selector', selector)
  const written = await putDocument('_replicator', id, document)
  return written.id
}
