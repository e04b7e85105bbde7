import type { Logger } from 'pino'
import { publicUrl } from '../../protocol/replication-endpoint.ts'
import type { Rewind } from '../../replicator/checkpoints.ts'
import type { JobNotice, JobSpec } from '../../replicator/job.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { WriteFailure } from '../../replicator/peer.ts'
import type { RepairRecord } from '../../replicator/verification/divergence.ts'

/** Interval of summaries of refused documents, after a first line at once. */
const SUMMARY_EVERY_MS = 60_000

/** The lines of one job in the server's log; none of them has credentials. */
export class JobLog {
  readonly #log: Logger
  #refused = 0
  #last: WriteFailure | undefined
  #summary: NodeJS.Timeout | undefined

  constructor(
    log: Logger,
    { id, source, target, document }: Pick<JobSpec, 'id' | 'source' | 'target' | 'document'>,
  ) {
    const doc = document === null ? undefined : `${document.database}/${document.id}`
    this.#log = log.child({ job: id, doc, source: publicUrl(source.url), target: publicUrl(target.url) })
  }

  notify(notice: JobNotice): void {
    switch (notice.kind) {
      case 'started':
        return this.#log.info({ crashes: notice.crashes }, 'replication started')
      case 'recovered':
        return this.#log.info({ crashes: notice.crashes }, 'replication recovered')
      case 'completed':
        this.#summarize()
        return this.#log.info({ stats: notice.status?.stats }, 'replication completed')
      case 'crashed':
        this.#summarize()
        return this.#crashed(notice)
      case 'stopped':
        this.#summarize()
        return this.#log.info('replication stopped')
      case 'stalled':
        return this.#log.warn(
          { seconds: seconds(notice.forMs), waitingFor: notice.waitingFor },
          'replication stalled: changes are pending and nothing moves',
        )
      case 'unstalled':
        return this.#log.info({ seconds: seconds(notice.afterMs) }, 'replication moves again')
      case 'silent':
        return this.#log.warn({ seconds: seconds(notice.forMs) }, 'replication source is silent')
      case 'heardAgain':
        return this.#log.info({ seconds: seconds(notice.afterMs) }, 'replication source answers again')
      case 'diverged':
        return this.#log.warn(
          { documents: notice.documents, first: notice.first },
          'documents stay different between source and target',
        )
      case 'converged':
        return this.#log.info('source and target are equal again')
      case 'unverified':
        return this.#log.warn({ error: notice.error }, 'source and target could not be compared')
      case 'repaired':
        return this.#repaired(notice.record)
    }
  }

  rewound({ reason, from, to }: Rewind): void {
    this.#log.warn({ from, to }, `replication rewound: ${reason}`)
  }

  refused(failure: WriteFailure): void {
    this.#refused++
    this.#last = failure
    if (this.#summary !== undefined) return
    this.#summarize()
    this.#summary = setTimeout(() => {
      this.#summary = undefined
      this.#summarize()
    }, SUMMARY_EVERY_MS).unref()
  }

  #crashed({ error, crashes, retryMs }: JobNotice & { kind: 'crashed' }): void {
    const known = error instanceof PeerError ? { error: error.error, reason: error.reason } : { err: error }
    const next = retryMs === null ? { isFinal: true } : { retryInSeconds: seconds(retryMs) }
    this.#log.warn({ ...known, crashes, ...next }, 'replication crashed')
  }

  #repaired({ documents, repaired, failed, reason }: RepairRecord): void {
    if (failed === 0) this.#log.info({ documents, repaired }, 'documents that differed were replicated')
    else
      this.#log.warn({ documents, repaired, failed, reason }, 'documents that differ could not be repaired')
  }

  #summarize(): void {
    if (this.#refused === 0 || this.#last === undefined) return
    const { id, rev, status, error, reason } = this.#last
    this.#log.warn(
      { documents: this.#refused, last: { id, rev, status, error, reason } },
      'documents were refused',
    )
    this.#refused = 0
  }
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 1000)
}

/** Logs that the job of a document can never run, or, where that is not `final`, not yet. */
export function logDocumentFailure(
  log: Logger,
  { database, id }: { readonly database: string; readonly id: string },
  { reason, final }: { readonly reason: string; readonly final: boolean },
): void {
  const doc = `${database}/${id}`
  if (final) log.error({ doc, reason }, 'replication failed')
  else log.warn({ doc, reason }, 'replication cannot be started yet')
}
