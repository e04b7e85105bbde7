import { Activity } from '../../../replicator/activity.ts'
import type { Peer, WriteFailure } from '../../../replicator/peer.ts'
import type { ReplicationEvents, ReplicationResult } from '../../../replicator/replication-plan.ts'
import { Replication } from '../../../replicator/replication.ts'
import type { PeerOpener } from '../../replication/peer-places.ts'
import type { StoreThread } from '../following/store-thread.ts'
import { packJobError } from '../job-errors.ts'
import type { JobEvent, JobStep, RunReport, ToJob } from '../job-messages.ts'

type OpenJob = Extract<ToJob, { readonly kind: 'open_job' }>

/** One run of a job, as the store thread has it started, run, aborted and saved. */
export class RunningJob {
  readonly #job: number
  readonly #isLocalSource: boolean
  readonly #store: StoreThread
  readonly #opening: Promise<Opened>
  readonly #stop = new AbortController()
  #opened: Opened | undefined
  #told: RunReport | undefined

  constructor({ job, places, plan }: OpenJob, opener: PeerOpener, store: StoreThread) {
    this.#job = job
    this.#isLocalSource = places.source.direct !== undefined
    this.#store = store
    this.#opening = Promise.resolve().then(() => {
      const activity = new Activity()
      const source = activity.watch(opener.open(places.source, plan.options), 'source')
      const target = activity.watch(opener.open(places.target, plan.options), 'target')
      const replication = new Replication(source, target, plan, this.#events())
      return (this.#opened = { source, target, replication, activity })
    })
    this.#opening.catch(() => undefined)
  }

  /** Takes a step, and tells of its end. */
  step(step: JobStep): void {
    void this.#take(step).then(
      result => this.#done(step, { ...(result === undefined ? {} : { result }) }),
      (error: unknown) => this.#done(step, { error: packJobError(error) }),
    )
  }

  abort(): void {
    this.#stop.abort(new Error('the job was stopped'))
  }

  /** Returns the run as it stands; undefined where the store thread knows, or it has not begun. */
  news(): RunReport | undefined {
    const report = this.#report()
    if (report === undefined || (this.#told !== undefined && isSame(report, this.#told))) return undefined
    return (this.#told = report)
  }

  async close(): Promise<void> {
    this.abort()
    const opened = await this.#opening.catch(() => undefined)
    await Promise.all([opened?.source.close(), opened?.target.close()])
  }

  async #take(step: JobStep): Promise<ReplicationResult | undefined> {
    const { replication } = await this.#opening
    const { signal } = this.#stop
    if (step === 'run') return replication.run(signal)
    if (step === 'save') await replication.saveProgress()
    else await replication.start(signal)
    return undefined
  }

  #done(
    step: JobStep,
    outcome: { result?: ReplicationResult; error?: ReturnType<typeof packJobError> },
  ): void {
    this.#store.send({ kind: 'job_done', job: this.#job, step, report: this.#report(), ...outcome })
  }

  #events(): ReplicationEvents {
    const [job, store] = [this.#job, this.#store]
    return {
      refused: failure => this.#tell({ kind: 'refused', failure }),
      accepted: failure => this.#tell({ kind: 'accepted', failure }),
      rewound: rewind => this.#tell({ kind: 'rewound', rewind }),
      heartbeat: () => this.#tell({ kind: 'heartbeat' }),
      refusedOf: async rows => {
        const ids = rows.map(({ id }) => id)
        return (await store.ask({ kind: 'job_refusals', job, ids })) as readonly WriteFailure[]
      },
      beforeCheckpoint: async () => void (await store.ask({ kind: 'job_before_checkpoint', job })),
    }
  }

  #tell(event: JobEvent): void {
    this.#store.send({ kind: 'job_event', job: this.#job, report: this.#report(), event })
  }

  #report(): RunReport | undefined {
    if (this.#opened === undefined) return undefined
    const { replication, source, activity } = this.#opened
    const { idleMs, ...status } = replication.status
    const { timeOrigin } = performance
    return {
      ...status,
      stats: { ...status.stats },
      movedAt: timeOrigin + performance.now() - idleMs,
      heardAt: this.#isLocalSource ? undefined : timeOrigin + source.heardAt,
      waitingFor: activity.oldest?.what,
    }
  }
}

interface Opened {
  readonly source: Peer
  readonly target: Peer
  readonly replication: Replication
  readonly activity: Activity
}

function isSame(a: RunReport, b: RunReport): boolean {
  return (
    a.lastProgressAt.getTime() === b.lastProgressAt.getTime() &&
    a.highestSeq === b.highestSeq &&
    a.checkpointedSeq === b.checkpointedSeq &&
    a.queued === b.queued &&
    a.bytesRead === b.bytesRead &&
    a.bytesWritten === b.bytesWritten &&
    a.heardAt === b.heardAt &&
    a.waitingFor === b.waitingFor
  )
}
