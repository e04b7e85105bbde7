import type { Endpoint } from '../protocol/replication-endpoint.ts'
import { Activity } from './activity.ts'
import type { Rewind } from './checkpoints.ts'
import { nextState } from './job-state.ts'
import type { JobEvent, JobState } from './job-state.ts'
import { Rate } from './lag.ts'
import type { PeerError } from './peer-error.ts'
import type { Peer, WriteFailure } from './peer.ts'
import { Replication } from './replication.ts'
import type { ReplicationPlan, ReplicationResult, ReplicationStatus } from './replication.ts'
import { childOf, wait } from './wait.ts'

/** A replication to be scheduled. */
export interface JobSpec {
  /** The replication's id with the options that tell jobs apart: "…+continuous". */
  readonly id: string
  readonly plan: ReplicationPlan
  readonly source: Endpoint
  readonly target: Endpoint
  /** The document that asks for it; null of a `_replicate` request. */
  readonly document: { readonly database: string; readonly id: string } | null
  readonly user: string | null
  /** The name of the source where it is a database of this server. */
  readonly localSource: string | null
  readonly open: () => Promise<{ readonly source: Peer; readonly target: Peer }>
  readonly refused?: (failure: WriteFailure) => void
  readonly rewound?: (rewind: Rewind) => void
}

/** An entry of a job's history, newest first in listings. */
export interface JobHistoryEntry {
  readonly timestamp: Date
  readonly type: 'added' | 'started' | 'stopped' | 'crashed'
  readonly reason?: string
}

/** How far behind its source a job is. */
export interface JobLag {
  /** Changes that were not moved yet when the source was last asked. */
  readonly pending: number | null
  /** When the source's last change was known to be on the target; null before that. */
  readonly caughtUpAt: Date | null
  readonly docsPerSecond: number
  /** Since when nothing has moved although changes are pending, and what the job waits for. */
  readonly stalled: { readonly since: Date; readonly waitingFor: string } | null
}

/** What all jobs of a scheduler have in common: CouchDB's `[replicator]` settings of these names. */
export interface JobSettings {
  /** Entries of a job's history. */
  readonly maxHistory: number
  /** The longest wait of a job that starts; each waits for a random part of it. */
  readonly startupJitterMs: number
}

const PENDING_EVERY_MS = 5_000

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
  #replication: Replication | undefined
  #lastStatus: ReplicationStatus | undefined
  #activity = new Activity()
  #stop: AbortController | undefined
  #running: Promise<ReplicationResult> | undefined
  #pending: number | null = null
  #caughtUpAt: Date | null = null
  readonly #rate = new Rate()
  readonly #settings: JobSettings

  constructor(spec: JobSpec, settings: JobSettings) {
    this.spec = spec
    this.#settings = settings
    this.#record('added')
  }

  get state(): JobState {
    return this.#state
  }

  get status(): ReplicationStatus | undefined {
    return this.#replication?.status ?? this.#lastStatus
  }

  /** When the last start was; 0 before the first. */
  get startedAt(): number {
    return this.history.findLast(({ type }) => type === 'started')?.timestamp.getTime() ?? 0
  }

  get stopping(): boolean {
    return this.#running !== undefined && this.#stop?.signal.aborted === true
  }

  /** Whether a run of it ever got as far as reading the source's changes. */
  get hasWorked(): boolean {
    return this.status !== undefined
  }

  /** Whether it only waits for its source to change. */
  get idle(): boolean {
    const status = this.#replication?.status
    return status !== undefined && status.queued === 0 && this.#activity.oldest === undefined
  }

  /** @param stallMs how long nothing may move while changes are pending */
  lag(stallMs: number, now = Date.now()): JobLag {
    const status = this.#replication?.status
    const waiting = this.#activity.oldest
    const behind = (status?.queued ?? 0) > 0 || (this.#pending ?? 0) > 0 || waiting !== undefined
    const since = status?.lastProgressAt ?? now
    const stalled = this.#state === 'running' && behind && now - since > stallMs
    const waitingFor = waiting?.what ?? '_changes of the source'
    return {
      pending: this.#pending,
      caughtUpAt: this.#caughtUpAt,
      docsPerSecond: this.#rate.perSecond(now),
      stalled: stalled ? { since: new Date(since), waitingFor } : null,
    }
  }

  /** Runs the replication until it ends, crashes or is stopped; never rejects. */
  start(ended: (job: Job, result: ReplicationResult | null) => void): void {
    this.#become('started')
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
    ended(this, result)
  }

  async #run(signal: AbortSignal): Promise<ReplicationResult> {
    this.#activity = new Activity()
    await wait(Math.random() * this.#settings.startupJitterMs, signal)
    const peers = await this.spec.open()
    const source = this.#activity.watch(peers.source, 'source')
    const target = this.#activity.watch(peers.target, 'target')
    const replication = new Replication(source, target, this.spec.plan, {
      refused: failure => this.spec.refused?.(failure),
      rewound: rewind => this.spec.rewound?.(rewind),
      checkpointed: () => undefined,
    })
    using watching = childOf(signal)
    try {
      await replication.start(signal)
      this.#replication = replication
      this.#rate.reset(replication.status.stats.docsWritten)
      void this.#watchLag(source, replication, watching.signal)
      return await replication.run(signal)
    } finally {
      watching.abort()
      if (signal.aborted) await replication.saveProgress().catch(() => undefined)
      await Promise.all([source.close(), target.close()])
    }
  }

  /** Asks the source now and then how much follows what has been moved, as long as there may be something. */
  async #watchLag(source: Peer, replication: Replication, signal: AbortSignal): Promise<void> {
    let askedAt: unknown
    while (!signal.aborted) {
      const { highestSeq, stats } = replication.status
      this.#rate.update(stats.docsWritten, Date.now())
      if (highestSeq !== askedAt || this.#pending !== 0) {
        this.#pending = await source.pending(highestSeq, signal).catch(() => null)
        askedAt = highestSeq
      }
      if (this.#pending === 0 && this.idle) this.#caughtUpAt = new Date()
      await wait(PENDING_EVERY_MS, signal).catch(() => undefined)
    }
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
