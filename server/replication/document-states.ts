import { isDesignId } from '../../protocol/document-id.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { publicUrl } from '../../protocol/replication-endpoint.ts'
import { JOB_STATES } from '../../replicator/job-state.ts'
import type { JobState } from '../../replicator/job-state.ts'
import { Divergence } from '../../replicator/verification/divergence.ts'
import type { Database } from '../database/database.ts'
import { changesAfter } from '../changes/read-changes.ts'
import type { DocumentJob } from './document-job.ts'
import { divergenceJson } from './divergence-json.ts'
import { FailureLog } from './failure-log.ts'
import { isoTime } from './iso-time.ts'
import { activeDocJson, type JobDisplay } from './job-json.ts'
import { readReplicatorDocument } from './stored-documents.ts'
import type { ReplicatorDocument } from './stored-documents.ts'

/** A document's row in `_scheduler/docs`. */
export interface DocumentState {
  readonly state: JobState
  readonly json: object
}

/** Ids of the replication documents of a database, in order. */
export async function replicationDocumentIds(database: Database): Promise<DocId[]> {
  const ids: DocId[] = []
  const options = { allLeaves: false, limit: Infinity, includeDocs: false }
  for await (const { rows } of changesAfter(database, 0, options)) {
    for (const row of rows) {
      const { id, deleted } = JSON.parse(row) as { id: DocId; deleted?: boolean }
      if (!deleted && !isDesignId(id)) ids.push(id)
    }
  }
  return ids.sort()
}

/** Returns a document's entry in `_scheduler/docs`: its stored state if the job has ended, else the job's. */
export async function documentState(
  database: Database,
  id: DocId,
  job: DocumentJob | undefined,
  display: JobDisplay,
): Promise<DocumentState | null> {
  const stored = readReplicatorDocument(database, id)
  if (stored === null) return null
  const { _replication_state: written } = stored.members
  if (written === 'completed' || written === 'failed')
    return {
      state: written,
      json: overJson(database.name, id, stored, await refusedMember(database, id, stored)),
    }
  const scheduled = job?.job
  if (scheduled) return { state: scheduled.state, json: activeDocJson(scheduled, display) }
  return earlyState(database.name, id, job, display)
}

function earlyState(
  database: string,
  id: string,
  job: DocumentJob | undefined,
  { node }: JobDisplay,
): DocumentState {
  const state = job?.state ?? 'initializing'
  const json = {
    database,
    doc_id: id,
    id: null,
    state,
    info: job?.error ? { error: job.error } : null,
    error_count: job?.errorCount ?? 0,
    node,
    last_updated: job ? isoTime(job.updatedAt) : null,
    start_time: job ? isoTime(job.startedAt) : null,
  }
  return { state, json }
}

/** Documents that the target refused stay different when the job has ended. */
async function refusedMember(
  database: Database,
  id: DocId,
  { members }: ReplicatorDocument,
): Promise<{ divergence?: object }> {
  const stats = members._replication_stats as { readonly doc_write_failures?: unknown } | undefined
  if (!stats?.doc_write_failures) return {}
  const { report } = new Divergence(await FailureLog.open(database, id))
  return report.documents === 0 ? {} : { divergence: divergenceJson(report) }
}

function overJson(
  database: string,
  id: string,
  { members }: ReplicatorDocument,
  divergence: { divergence?: object },
): object {
  const { _replication_state: state, _replication_state_time: time = null } = members
  const { start_time: startTime = null, ...stats } = (members._replication_stats ?? {}) as Record<
    string,
    unknown
  >
  const failed = state === 'failed'
  return {
    database,
    doc_id: id,
    id: null,
    source: endpointUrl(members.source),
    target: endpointUrl(members.target),
    state,
    error_count: failed ? 1 : 0,
    info: failed ? { error: members._replication_state_reason ?? null } : { ...stats, ...divergence },
    start_time: failed ? time : startTime,
    last_updated: time,
  }
}

function endpointUrl(endpoint: unknown): unknown {
  const url =
    typeof endpoint === 'object' && endpoint !== null ? (endpoint as { url?: unknown }).url : endpoint
  if (typeof url !== 'string') return null
  if (!/^https?:\/\//.test(url)) return publicUrl(url)
  const bare = publicUrl(url)
  return bare.endsWith('/') ? bare : `${bare}/`
}

/** The states that a query names: "completed,failed". Undefined if one is invalid. */
export function parseStates(text: string): JobState[] | undefined {
  const states = text.split(',').filter(state => state !== '')
  return states.every(isState) ? states : undefined
}

function isState(text: string): text is JobState {
  return (JOB_STATES as readonly string[]).includes(text)
}
