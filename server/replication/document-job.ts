import { setTimeout as sleep } from 'node:timers/promises'
import type { DocId } from '../../protocol/document-id.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import type { Job, JobSpec } from '../../replicator/job.ts'
import { nextState } from '../../replicator/job-state.ts'
import type { JobState } from '../../replicator/job-state.ts'
import { isHostDenied, PeerError } from '../../replicator/peer-error.ts'
import type { ReplicationResult } from '../../replicator/replication.ts'
import { backoff } from '../../replicator/retry.ts'
import type { Database } from '../database/database.ts'
import { DivergenceLog } from './divergence-log.ts'
import { documentOrigin, documentRequest } from './document-request.ts'
import { FailureLog } from './failure-log.ts'
import { isoTime } from './iso-time.ts'
import { statsJson } from './job-json.ts'
import type { JobFactory } from './job-factory.ts'
import { updateReplicatorDocument } from './stored-documents.ts'
import type { ReplicatorDocument } from './stored-documents.ts'

/** Milliseconds before an unfetchable filter is fetched again, or a client's job looked at; doubled by each failure. */
const FETCH_AGAIN = { retries: Infinity, firstWaitMs: 5_000, maxWaitMs: 600_000 }

/** Returns the request in a replication document, without members that the replicator wrote. */
export function requestText({ members }: ReplicatorDocument): string {
  return JSON.stringify(Object.entries(members).filter(([name]) => !name.startsWith('_replication_')))
}

/** The job of one document of a `_replicator` database, from reading it to writing its terminal state. */
export class DocumentJob {
  readonly id: DocId
  readonly text: string
  readonly startedAt = new Date()
  updatedAt = new Date()
  /** Why there is no job yet. */
  error: string | null = null
  errorCount = 0
  failures: FailureLog | undefined
  readonly divergences: DivergenceLog
  spec: JobSpec | undefined
  readonly #replicator: JobFactory
  readonly #database: Database
  readonly #document: ReplicatorDocument
  readonly #ended: (job: DocumentJob) => void
  readonly #stop = new AbortController()
  #early: JobState = 'initializing'

  constructor(
    replicator: JobFactory,
    database: Database,
    document: { readonly id: DocId; readonly stored: ReplicatorDocument },
    ended: (job: DocumentJob) => void,
  ) {
    this.id = document.id
    this.text = requestText(document.stored)
    this.#replicator = replicator
    this.#database = database
    this.divergences = new DivergenceLog(database, document.id)
    this.#document = document.stored
    this.#ended = ended
  }

  get job(): Job | undefined {
    return this.spec && this.#replicator.scheduler.get(this.spec.id)
  }

  get state(): JobState {
    return this.job?.state ?? this.#early
  }

  /** Finds out what the document asks for and hands it to the scheduler; never rejects. */
  async start(): Promise<void> {
    try {
      const request = documentRequest(this.#replicator, this.#named, this.#document)
      this.failures = await FailureLog.open(this.#database, this.id)
      const spec = await this.#identify(request)
      if (spec) await this.#schedule(spec)
    } catch (error) {
      await this.#fail(reasonOf(error))
    }
  }

  /** Stops the job; idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort()
    if (this.job && this.spec) await this.#replicator.scheduler.remove(this.spec.id)
    await this.#closeLogs()
  }

  get #named(): { readonly database: string; readonly id: DocId } {
    return { database: this.#database.name, id: this.id }
  }

  async #closeLogs(): Promise<void> {
    await this.failures?.close()
    await this.divergences.close()
  }

  /**
   * Until the filter's code can be fetched it is not known which replication this is; while a client runs the same one it
   * is not started.
   */
  async #identify(request: ReplicationRequest): Promise<JobSpec | undefined> {
    const document = this.#named
    while (!this.#stop.signal.aborted) {
      try {
        const origin = await documentOrigin(this.#replicator, document, this.#document, request)
        const spec = await this.#replicator.specOf(request, origin)
        this.#checkNotTransient(spec)
        this.#early = nextState(this.#early, 'identified')
        return await this.#withLogs(spec)
      } catch (error) {
        if (!(error instanceof PeerError) || isHostDenied(error)) throw error
        this.#early = nextState(this.#early, 'unidentified')
        this.error = error.reason
        this.errorCount++
        this.updatedAt = new Date()
        this.#replicator.documentFailed(document, error.reason, false)
        const pause = backoff(FETCH_AGAIN, this.errorCount)
        await sleep(pause, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined)
      }
    }
    return undefined
  }

  /** @throws PeerError if a client started the same replication, which passes */
  #checkNotTransient({ id }: JobSpec): void {
    const other = this.#replicator.scheduler.get(id)
    if (other !== undefined && other.spec.document === null) {
      const by = 'already running as a transient replication, started via `_replicate` API endpoint'
      throw new PeerError('duplicate', `Replication \`${id}\` specified by document \`${this.id}\` ${by}`)
    }
  }

  /** Keeps what the target refuses, and what differs, with the document. */
  async #withLogs(spec: JobSpec): Promise<JobSpec> {
    const { failures, divergences } = this
    if (failures === undefined || spec.verification === undefined) return spec
    failures.startOf(spec.id)
    const divergence = await divergences.open(failures, spec.id)
    return {
      ...spec,
      refused: failure => {
        spec.refused?.(failure)
        failures.add(failure)
      },
      verification: {
        ...spec.verification,
        divergence,
        changed: () => divergences.save(divergence, spec.id),
        flush: () => failures.flush(),
      },
    }
  }

  async #schedule(spec: JobSpec): Promise<void> {
    if (this.#stop.signal.aborted) return
    const other = this.#replicator.scheduler.get(spec.id)?.spec
    if (other) return this.#fail(duplicate(spec.id, this.id, other.document))
    this.spec = spec
    this.#replicator.scheduler.add(spec, (job, result) => void this.#jobEnded(job, result))
  }

  async #jobEnded(job: Job, result: ReplicationResult | null): Promise<void> {
    if (result === null) {
      if (job.state === 'failed') await this.#fail(reasonOf(job.error))
      return
    }
    const stats = job.status && { ...statsJson(job.status, null), start_time: isoTime(this.startedAt) }
    await this.#closeLogs()
    await this.#write({
      _replication_state: 'completed',
      _replication_state_time: isoTime(new Date()),
      _replication_state_reason: undefined,
      _replication_id: undefined,
      _replication_stats: stats,
    })
    this.#ended(this)
  }

  async #fail(reason: string): Promise<void> {
    this.#early = 'failed'
    this.#replicator.documentFailed({ database: this.#database.name, id: this.id }, reason, true)
    await this.#write({
      _replication_state: 'failed',
      _replication_state_time: isoTime(new Date()),
      _replication_stats: undefined,
      _replication_id: undefined,
      _replication_state_reason: reason,
    })
    this.#ended(this)
  }

  /** The document may go, with its database, at any moment. */
  async #write(changes: Readonly<Record<string, unknown>>): Promise<void> {
    const same = (document: ReplicatorDocument): boolean => requestText(document) === this.text
    await updateReplicatorDocument(this.#database, this.id, changes, same).catch(() => undefined)
  }
}

function duplicate(id: string, document: string, other: JobSpec['document']): string {
  const by = `document \`${other?.id}\` from db \`${other?.database}\``
  return `Replication \`${id}\` specified by document \`${document}\` already started, triggered by ${by}`
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
