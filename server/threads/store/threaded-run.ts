import { PeerError } from '../../../replicator/peer-error.ts'
import type {
  JobRun,
  ReplicationEvents,
  ReplicationResult,
  ReplicationStatus,
} from '../../../replicator/replication-plan.ts'
import type { PlacedJob } from '../../replication/peer-places.ts'
import { unpackJobError } from '../job-errors.ts'
import type { FromJob, JobStep, RunReport, ToJob } from '../job-messages.ts'

interface Waiting {
  readonly resolve: (result: ReplicationResult | undefined) => void
  readonly reject: (error: Error) => void
}

/** A thread that runs replications, as a run speaks to it. */
export interface JobThread {
  sendJob(message: ToJob): void
}

export interface ThreadedRunOptions {
  /** By which both threads name it. */
  readonly number: number
  readonly job: PlacedJob
  readonly events: ReplicationEvents
  /** Returns the thread, which is started where there is none. */
  readonly thread: () => Promise<JobThread>
  readonly ended: () => void
}

type ReportedMessage = Exclude<FromJob, { readonly kind: 'job_reports' }>

/** A run that another thread carries out, as its job sees it. */
export class ThreadedRun implements JobRun {
  readonly events: ReplicationEvents
  readonly #options: ThreadedRunOptions
  #thread: JobThread | undefined
  #report: RunReport | undefined
  readonly #steps = new Map<JobStep, Waiting>()

  constructor(options: ThreadedRunOptions) {
    this.events = options.events
    this.#options = options
  }

  get status(): ReplicationStatus {
    if (this.#report === undefined) throw new Error('a run has a status once it has started')
    const idleMs = performance.timeOrigin + performance.now() - this.#report.movedAt
    return { ...this.#report, idleMs: Math.max(0, idleMs) }
  }

  get waitingFor(): string | undefined {
    return this.#report?.waitingFor
  }

  /** By `performance.now()` of this thread; undefined where the source is a database of this server, or was not heard yet. */
  get heardAt(): number | undefined {
    const heardAt = this.#report?.heardAt
    return heardAt === undefined ? undefined : heardAt - performance.timeOrigin
  }

  async start(signal: AbortSignal): Promise<void> {
    const { number, job, thread } = this.#options
    const ready = await thread()
    signal.throwIfAborted()
    this.#thread = ready
    ready.sendJob({ kind: 'open_job', job: number, ...job })
    await this.#step('start', signal)
  }

  async run(signal: AbortSignal): Promise<ReplicationResult> {
    return (await this.#step('run', signal)) ?? {}
  }

  async saveProgress(): Promise<void> {
    await this.#step('save')
  }

  /** Closes its peers there. */
  close(): void {
    this.#thread?.sendJob({ kind: 'close_job', job: this.#options.number })
    this.#options.ended()
  }

  take(message: ReportedMessage): void {
    this.report(message.report)
    if (message.kind === 'job_done') return this.#done(message)
    const { event } = message
    switch (event.kind) {
      case 'refused':
        return this.events.refused(event.failure)
      case 'accepted':
        return this.events.accepted?.(event.failure)
      case 'rewound':
        return this.events.rewound(event.rewind)
      case 'heartbeat':
        return this.events.heartbeat()
    }
  }

  report(report: RunReport | undefined): void {
    this.#report = report ?? this.#report
  }

  /** Ends what it waits for: its thread is gone. */
  lost(): void {
    this.#thread = undefined
    for (const { reject } of this.#steps.values()) reject(threadEnded())
    this.#steps.clear()
  }

  async #step(step: JobStep, signal?: AbortSignal): Promise<ReplicationResult | undefined> {
    const thread = this.#thread
    if (thread === undefined) throw threadEnded()
    const abort = (): void => this.#thread?.sendJob({ kind: 'abort_job', job: this.#options.number })
    try {
      return await new Promise((resolve, reject) => {
        this.#steps.set(step, { resolve, reject })
        thread.sendJob({ kind: 'job_step', job: this.#options.number, step })
        signal?.addEventListener('abort', abort)
        if (signal?.aborted === true) abort()
      })
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  #done({ step, result, error }: Extract<FromJob, { readonly kind: 'job_done' }>): void {
    const waiting = this.#steps.get(step)
    this.#steps.delete(step)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(unpackJobError(error))
  }
}

function threadEnded(): PeerError {
  return new PeerError('internal_server_error', 'the thread that ran the replication has ended', {
    transient: true,
  })
}
