import { Activity } from './activity.ts'
import { nextState } from './job-state.ts'
import type { JobEvent, JobState } from './job-state.ts'
import type { JobSpec } from './job-spec.ts'
import { LagWatch } from './lag-watch.ts'
import { isHostDenied, type PeerError } from './peer-error.ts'
import type { Peer, WriteFailure } from './peer.ts'
import { Replication } from './replication.ts'
import type { JobRun, ReplicationEvents, ReplicationResult, ReplicationStatus } from './replication-plan.ts'
import { heartbeatMs } from './http/changes-query.ts'
import { refusalsOf } from './verification/refusals.ts'
import { type VerifyNotice, verifyOnInterval } from './verification/verifier.ts'
import { childOf, wait } from './wait.ts'

export type { JobNotice, JobPeers, JobSpec, JobVerification } from './job-spec.ts'

/** An entry of a job's history, newest first in listings. */
export interface JobHistoryEntry {
  readonly timestamp: Date
  readonly type: 'added' | 'started' | 'stopped' | 'crashed'
  readonly reason?: string
}

/** Lag of a job behind its source. */
export interface JobLag {
  /** Changes that were pending at the last request to the source. */
  readonly pending: number | null
  /** Time at which everything of the source was last proven to be on the target; null before that. */
  readonly caughtUpAt: Date | null
  /** The time since then, or since the job was made. */
  readonly lagMs: number
  /** Silence of a running job's source in milliseconds, if it exceeds the limit. */
  readonly silentMs: number | null
  readonly docsPerSecond: number
  /** Since when nothing has moved although changes are pending, and what the job waits for. */
  readonly stalled: { readonly since: Date; readonly waitingFor: string } | null
}

/** Settings of all jobs of a scheduler: CouchDB's `[replicator]` settings of these names. */
export interface JobSettings {
  /** Entries of a job's history. */
  readonly maxHistory: number
  /** The longest wait of a job that starts; each waits for a random part of it. */
  readonly startupJitterMs: number
  /** Milliseconds of silence after which a source is reported. */
  readonly silenceMs: number
  /** Milliseconds without progress although changes are pending, after which a job is reported as stalled. */
  readonly stallMs: number
}

/** Heartbeats within which a source is never silent. */
const BEATS_MISSED = 2.5

/** One job: its state, its history and the replication that runs for it now. */
export class Job {
  readonly spec: JobSpec
  readonly addedAt = new Date()
  /** Oldest first. */
  readonly history: JobHistoryEntry[] = []
  /** Crashes in a row. */
  crashes = 0
  error: PeerError | Error | null = null
  #state: JobState = 'pending'
  #replication: JobRun | undefined
  #lastStatus: ReplicationStatus | undefined
  #activity = new Activity()
  #stop: AbortController | undefined
  #running: Promise<ReplicationResult> | undefined
  /** Of the last start, by `performance.now()`. */
  #startedClock = 0
  readonly #lag: LagWatch
  readonly #settings: JobSettings
  #stalledSince: Date | undefined

  constructor(spec: JobSpec, settings: JobSettings) {
    this.spec = spec
    this.#settings = settings
    this.#lag = new LagWatch({
      silent: forMs => spec.notify?.({ kind: 'silent', forMs }),
      heardAgain: afterMs => spec.notify?.({ kind: 'heardAgain', afterMs }),
      tick: () => this.#noteStall(),
    })
    this.#record('added')
  }

  get state(): JobState {
    return this.#state
  }

  get status(): ReplicationStatus | undefined {
    return this.#replication?.status ?? this.#lastStatus
  }

  /** Time of the last start; 0 before the first. */
  get startedAt(): number {
    return this.history.findLast(({ type }) => type === 'started')?.timestamp.getTime() ?? 0
  }

  /** Duration of the current or last run in milliseconds, by the monotonic clock. */
  get ranMs(): number {
    return performance.now() - this.#startedClock
  }

  get stopping(): boolean {
    return this.#running !== undefined && this.#stop?.signal.aborted === true
  }

  /** True if a run ever read the source's changes. */
  get hasWorked(): boolean {
    return this.status !== undefined
  }

  /** True if the job only waits for its source to change. */
  get idle(): boolean {
    const status = this.#replication?.status
    return status !== undefined && status.queued === 0 && this.#waitingFor === undefined
  }

  /** The request of the run that has been under way for longest. */
  get #waitingFor(): string | undefined {
    return this.#replication?.waitingFor ?? this.#activity.oldest?.what
  }

  /** @param stallMs how long nothing may move while changes are pending */
  lag(stallMs: number): JobLag {
    const lag = this.#lag
    const status = this.#replication?.status
    const waiting = this.#waitingFor
    const behind = (status?.queued ?? 0) > 0 || lag.behind || waiting !== undefined
    const idleMs = status?.idleMs ?? 0
    const stalled = this.#state === 'running' && behind && idleMs > stallMs
    const waitingFor = waiting ?? '_changes of the source'
    return {
      pending: lag.pending,
      caughtUpAt: lag.caughtUpAt,
      lagMs: lag.lagMs,
      docsPerSecond: lag.docsPerSecond,
      stalled: stalled ? { since: new Date(Date.now() - idleMs), waitingFor } : null,
      silentMs: lag.unheardMs > this.#silenceMs ? lag.unheardMs : null,
    }
  }

  get #silenceMs(): number {
    const beatMs = heartbeatMs(this.spec.plan.options.connectionTimeoutMs)
    return Math.max(this.#settings.silenceMs, BEATS_MISSED * beatMs)
  }

  /** Runs the replication until it ends, crashes or is stopped; never rejects. */
  start(ended: (job: Job, result: ReplicationResult | null) => void): void {
    this.#become('started')
    this.#startedClock = performance.now()
    this.spec.notify?.({ kind: 'started', crashes: this.crashes })
    const stop = new AbortController()
    this.#stop = stop
    this.#running = this.#run(stop.signal)
    this.#running.then(
      result => this.#ended('finished', result, ended),
      (error: Error) => {
        this.error = error
        this.#ended(stop.signal.aborted ? 'stopped' : 'crashed', null, ended)
      },
    )
  }

  /** Stops it and waits until it has saved what it moved; idempotent. */
  async stop(): Promise<void> {
    this.#stop?.abort(new Error('the job was stopped'))
    await this.#running?.catch(() => undefined)
  }

  #ended(
    event: JobEvent,
    result: ReplicationResult | null,
    ended: (job: Job, result: ReplicationResult | null) => void,
  ): void {
    this.#lastStatus = this.#replication?.status ?? this.#lastStatus
    this.#replication = undefined
    this.#running = undefined
    this.#become(event)
    this.#stalledSince = undefined
    if (event === 'stopped') this.spec.notify?.({ kind: 'stopped' })
    ended(this, result)
  }

  async #run(signal: AbortSignal): Promise<ReplicationResult> {
    this.#activity = new Activity()
    await wait(Math.random() * this.#settings.startupJitterMs, signal)
    const peers = await this.spec.open()
    const source = this.#activity.watch(peers.source, 'source')
    const target = this.#activity.watch(peers.target, 'target')
    const events: ReplicationEvents = {
      refused: failure => this.spec.refused?.(failure),
      refusedOf: rows => refusalsOf(this.spec.verification?.divergence.refusals, rows),
      accepted: failure => this.spec.verification?.divergence.refusals.remove(failure),
      beforeCheckpoint: async () => this.spec.verification?.flush(),
      rewound: rewind => this.spec.rewound?.(rewind),
      heartbeat: () => this.#lag.heartbeat(),
      ...(this.spec.tracer === undefined ? {} : { tracer: this.spec.tracer }),
    }
    const replication: JobRun =
      peers.makeRun?.(events) ?? new Replication(source, target, this.spec.plan, events)
    using watching = childOf(signal)
    let verifying: Promise<void> | undefined
    try {
      await replication.start(signal)
      this.#replication = replication
      if (this.crashes > 0) this.spec.notify?.({ kind: 'recovered', crashes: this.crashes })
      void this.#watchLag(source, replication, watching.signal)
      verifying = this.#verify(replication, watching.signal)
      return await replication.run(signal)
    } finally {
      watching.abort()
      await verifying
      if (signal.aborted) await replication.saveProgress().catch(() => undefined)
      replication.close?.()
      await Promise.all([source.close(), target.close()])
    }
  }

  #watchLag(source: Peer, replication: JobRun, signal: AbortSignal): Promise<void> {
    const { filter } = this.spec.plan.options
    const run = {
      source,
      heardAt: () => replication.heardAt ?? source.heardAt,
      filter,
      status: () => replication.status,
      idle: () => this.idle,
    }
    return this.#lag.watch(run, this.#silenceMs, signal)
  }

  async #verify(replication: JobRun, signal: AbortSignal): Promise<void> {
    const { plan, verification, open } = this.spec
    const { verify } = plan.options
    if (verify === undefined || verification === undefined) return
    const job = {
      plan,
      verify,
      ...verification,
      open,
      progress: () => ({ throughSeq: replication.status.throughSeq, caughtUpAt: this.#lag.caughtUpAt }),
      refused: (failure: WriteFailure) => this.spec.refused?.(failure),
      notify: (notice: VerifyNotice) => this.spec.notify?.(notice),
    }
    await verifyOnInterval(job, signal)
  }

  /** Tells once that the job is stalled, and once that it is no longer. */
  #noteStall(): void {
    const { stalled } = this.lag(this.#settings.stallMs)
    const since = this.#stalledSince
    if (stalled !== null && since === undefined) {
      this.#stalledSince = stalled.since
      const forMs = Date.now() - stalled.since.getTime()
      this.spec.notify?.({ kind: 'stalled', forMs, waitingFor: stalled.waitingFor })
    } else if (stalled === null && since !== undefined) {
      this.#stalledSince = undefined
      this.spec.notify?.({ kind: 'unstalled', afterMs: Date.now() - since.getTime() })
    }
  }

  /**
   * True if the job is started again where it crashed. One of `_replicate` that is not continuous, or never worked, is not:
   * its client has the error. Nor is one that never worked because the settings deny its host.
   */
  get isRestartable(): boolean {
    if (!this.hasWorked && isHostDenied(this.error)) return false
    return this.spec.document !== null || (this.spec.plan.options.continuous && this.hasWorked)
  }

  /** Gives up a job that has crashed: it is listed for a while with its error, and never started again. */
  giveUp(): void {
    this.#become('abandoned')
  }

  #become(event: JobEvent): void {
    this.#state = nextState(this.#state, event)
    if (event === 'started' || event === 'stopped') this.#record(event)
    if (event === 'crashed') this.#record(event, this.error?.message ?? '')
  }

  #record(type: JobHistoryEntry['type'], reason?: string): void {
    this.history.push({ timestamp: new Date(), type, ...(reason === undefined ? {} : { reason }) })
    // The first entry says since when there is the job.
    if (this.history.length > this.#settings.maxHistory) this.history.splice(1, 1)
  }
}
