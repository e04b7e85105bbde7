import { Job } from './job.ts'
import type { JobSettings, JobSpec } from './job.ts'
import { charge, leastLoaded } from './least-loaded.ts'
import type { ReplicationResult } from './replication.ts'

/** CouchDB's `[replicator]` settings of these names. */
export interface SchedulerOptions extends JobSettings {
  /** Jobs that run at the same time. */
  readonly maxJobs: number
  /** Milliseconds after which waiting jobs replace running ones. */
  readonly intervalMs: number
  /** Jobs that are stopped or started in one such turn. */
  readonly maxChurn: number
  /** A job that ran for so long has recovered from its crashes. */
  readonly healthThresholdMs: number
  /** The wait after the first crash; it doubles with each crash that follows. */
  readonly backoffMs: number
  /** Milliseconds for which a failed job stays listed. */
  readonly keepFailedMs: number
  /** The weights of `_replicator` databases in the order of starts, by name; 100 where nothing is said. */
  readonly shares: Readonly<Record<string, number>>
}

export const SCHEDULER_DEFAULTS: SchedulerOptions = {
  maxJobs: 500,
  intervalMs: 60_000,
  maxChurn: 20,
  maxHistory: 20,
  startupJitterMs: 0,
  healthThresholdMs: 120_000,
  backoffMs: 30_000,
  silenceMs: 30_000,
  stallMs: 120_000,
  keepFailedMs: 600_000,
  shares: {},
}

/** Called when a job has ended. */
export type JobEnded = (job: Job, result: ReplicationResult | null) => void

const MAX_BACKOFF_EXPONENT = 10
/** Failed jobs that are still listed. */
const MAX_FAILED = 500
const DEFAULT_SHARES = 100

interface Entry {
  readonly job: Job
  readonly ended: JobEnded[]
  /** Not to be started before, by `performance.now()`. */
  notBefore: number
}

/** Runs more jobs than there is room for, fairly, and starts again what crashed. */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #entries = new Map<string, Entry>()
  readonly #bySource = new Map<string, Set<Entry>>()
  /** Failed jobs, oldest first, and when they are removed. */
  readonly #failed = new Map<string, { readonly job: Job; readonly until: number }>()
  #running = 0
  #turns: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: SchedulerOptions = SCHEDULER_DEFAULTS) {
    this.#options = options
    this.#turns = setInterval(() => this.#takeTurns(), options.intervalMs)
    this.#turns.unref()
  }

  /** All jobs, those that failed lately last. */
  get jobs(): Job[] {
    this.#forgetFailed()
    return [...this.#entries.values(), ...this.#failed.values()].map(({ job }) => job)
  }

  /** Returns a job by id, also one that failed lately. */
  listed(id: string): Job | undefined {
    this.#forgetFailed()
    return this.get(id) ?? this.#failed.get(id)?.job
  }

  get(id: string): Job | undefined {
    return this.#entries.get(id)?.job
  }

  /** Takes a job and starts it if there is room; if one of that id exists, `ended` is called for that one. */
  add(spec: JobSpec, ended: JobEnded): Job {
    const known = this.#entries.get(spec.id)
    if (known) {
      known.ended.push(ended)
      return known.job
    }
    const entry = { job: new Job(spec, this.#options), ended: [ended], notBefore: 0 }
    this.#failed.delete(spec.id)
    this.#entries.set(spec.id, entry)
    if (spec.localSource !== null) this.#sourceOf(spec.localSource).add(entry)
    if (this.#running < this.#options.maxJobs) this.#start(entry)
    return entry.job
  }

  /** Stops and removes a job; returns false if there is none. */
  async remove(id: string): Promise<boolean> {
    const entry = this.#entries.get(id)
    if (!entry) return this.#failed.delete(id)
    this.#forget(entry)
    await entry.job.stop()
    return true
  }

  /** A database of this server was written to: jobs that wait for their turn to read it get it now. */
  sourceChanged(database: string): void {
    for (const entry of this.#bySource.get(database) ?? []) {
      if (entry.job.state !== 'pending') continue
      if (this.#running >= this.#options.maxJobs && !this.#stopOne(true)) return
      this.#start(entry)
    }
  }

  /** Has jobs that crashed start now, whatever their waits: what made them crash may be over. */
  retryCrashed(): void {
    for (const entry of this.#entriesIn('crashing')) entry.notBefore = 0
    this.#fill()
  }

  /** Stops and removes jobs. */
  async clear(isMeant: (spec: JobSpec) => boolean): Promise<void> {
    await Promise.all(this.jobs.filter(({ spec }) => isMeant(spec)).map(({ spec }) => this.remove(spec.id)))
  }

  /** Stops all jobs; idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#turns)
    clearTimeout(this.#retry)
    await Promise.all(this.jobs.map(job => job.stop()))
  }

  /** Ends a job. A continuous one stays listed as failed, as no client waits for its error. */
  #keepFailed(job: Job): void {
    job.giveUp()
    if (!job.spec.plan.options.continuous) return
    this.#failed.set(job.spec.id, { job, until: performance.now() + this.#options.keepFailedMs })
    this.#forgetFailed()
  }

  #forgetFailed(): void {
    const now = performance.now()
    for (const [id, { until }] of this.#failed) {
      if (until > now && this.#failed.size <= MAX_FAILED) return
      this.#failed.delete(id)
    }
  }

  #sourceOf(name: string): Set<Entry> {
    const known = this.#bySource.get(name)
    if (known) return known
    const entries = new Set<Entry>()
    this.#bySource.set(name, entries)
    return entries
  }

  #forget(entry: Entry): void {
    const { id, localSource } = entry.job.spec
    this.#entries.delete(id)
    if (localSource === null) return
    const entries = this.#bySource.get(localSource)
    entries?.delete(entry)
    if (entries?.size === 0) this.#bySource.delete(localSource)
  }

  #start(entry: Entry): void {
    if (this.#closed || entry.job.state === 'running') return
    this.#running++
    entry.job.start((job, result) => {
      this.#running--
      this.#ended(entry, result)
      for (const ended of entry.ended) ended(job, result)
      this.#fill()
    })
  }

  #ended(entry: Entry, result: ReplicationResult | null): void {
    const { job } = entry
    const { notify, id } = job.spec
    if (job.state !== 'crashing') {
      job.crashes = 0
      if (result === null) return
      notify?.({ kind: 'completed', status: job.status })
      if (this.#entries.get(id) === entry) this.#forget(entry)
      return
    }
    const error = job.error ?? new Error('unknown')
    job.crashes = job.ranMs > this.#options.healthThresholdMs ? 1 : job.crashes + 1
    const retryMs = job.isRestartable ? this.#backoff(job.crashes) : null
    notify?.({ kind: 'crashed', error, crashes: job.crashes, retryMs })
    if (retryMs !== null) entry.notBefore = performance.now() + retryMs
    else if (this.#entries.get(id) === entry) {
      this.#forget(entry)
      this.#keepFailed(job)
    }
  }

  #backoff(crashes: number): number {
    return this.#options.backoffMs * 2 ** (Math.min(crashes, MAX_BACKOFF_EXPONENT) - 1)
  }

  /** Starts what may be started while there is room, and comes back when the next job may. */
  #fill(): void {
    if (this.#closed) return
    for (const entry of this.#startable().slice(0, Math.max(0, this.#options.maxJobs - this.#running)))
      this.#start(entry)
    this.#comeBack()
  }

  #comeBack(): void {
    clearTimeout(this.#retry)
    let next = Infinity
    for (const { job, notBefore } of this.#entries.values()) {
      if (job.state === 'crashing') next = Math.min(next, notBefore)
    }
    if (next === Infinity) return
    this.#retry = setTimeout(() => this.#fill(), Math.max(0, next - performance.now()))
    this.#retry.unref()
  }

  /** Waiting jobs in the order of their starts: the databases with most room for their share first, then the oldest. */
  #startable(): Entry[] {
    const now = performance.now()
    const waiting = this.#entriesIn('pending', 'crashing').filter(({ notBefore }) => notBefore <= now)
    if (waiting.length < 2) return waiting
    const load = new Map<string, number>()
    for (const { job } of this.#entriesIn('running')) charge(load, this.#owner(job), this.#share(job))
    const order: Entry[] = []
    const queues = new Map<string, Entry[]>()
    for (const entry of waiting.sort((a, b) => a.job.startedAt - b.job.startedAt)) {
      const owner = this.#owner(entry.job)
      queues.set(owner, [...(queues.get(owner) ?? []), entry])
    }
    while (queues.size > 0) {
      const [owner, queue] = leastLoaded(queues, load)
      const entry = queue.shift()
      if (queue.length === 0) queues.delete(owner)
      if (!entry) continue
      order.push(entry)
      charge(load, owner, this.#share(entry.job))
    }
    return order
  }

  #owner({ spec }: Job): string {
    return spec.document?.database ?? ''
  }

  #share(job: Job): number {
    return this.#options.shares[this.#owner(job)] ?? DEFAULT_SHARES
  }

  #entriesIn(...states: Job['state'][]): Entry[] {
    return [...this.#entries.values()].filter(({ job }) => states.includes(job.state))
  }

  /** Stops as many running jobs as are waiting, idle ones first, then those that ran for longest. */
  #takeTurns(): void {
    this.#fill()
    const waiting = this.#startable().length
    for (let stopped = 0; stopped < Math.min(waiting, this.#options.maxChurn); stopped++) {
      if (!this.#stopOne(false)) return
    }
  }

  /** One-shot replications are let run to their end. */
  #stopOne(idleOnly: boolean): boolean {
    const candidates = this.#entriesIn('running').filter(
      ({ job }) => job.spec.plan.options.continuous && !job.stopping && (job.idle || !idleOnly),
    )
    const [entry] = candidates.sort(
      ({ job: a }, { job: b }) => Number(b.idle) - Number(a.idle) || a.startedAt - b.startedAt,
    )
    void entry?.job.stop()
    return entry !== undefined
  }
}
