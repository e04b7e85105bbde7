import type { ReplicationFilter } from '../protocol/replication-options.ts'
import type { Peer } from './peer.ts'
import { Rate } from './rate.ts'
import type { ReplicationStatus } from './replication.ts'
import { wait } from './wait.ts'

/** The part of a replication that a `LagWatch` observes. */
export interface WatchedRun {
  readonly source: Peer
  /** Returns when the source was last heard, by `performance.now()`. */
  readonly heardAt: () => number
  readonly filter: ReplicationFilter
  readonly status: () => ReplicationStatus
  /** True if everything that was read has been moved. */
  readonly idle: () => boolean
}

/** Called when a source falls silent, when it answers again, and every second; durations in milliseconds. */
export interface SilenceEvents {
  readonly silent: (forMs: number) => void
  readonly heardAgain: (afterMs: number) => void
  readonly tick: () => void
}

const TICK_MS = 1_000
const ASK_EVERY_MS = 5_000
/** Interval of questions to a source that proves nothing by itself, as one without heartbeats. */
const PROVE_EVERY_MS = 20_000
/** Interval of such questions for filtered feeds, longer as the filter runs over all that follows. */
const FILTERED_EVERY_MS = 60_000
const ANSWER_WITHIN_MS = 30_000

/**
 * Knows how far a job is behind its source, over all its runs. The lag is the time since the source last *proved* that
 * nothing is pending: it answered that nothing follows what has been moved, or its live feed, up to date by such an
 * answer, beat with no row since. A connection that stands still proves nothing.
 *
 * All times are of the monotonic clock.
 */
export class LagWatch {
  readonly #events: SilenceEvents
  readonly #rate = new Rate()
  readonly #since = performance.now()
  #run: WatchedRun | undefined
  #pending: number | null = null
  #provedAt: number | undefined
  #caughtUpAt: Date | null = null
  /** The sequence after which nothing followed at the last request to the source. */
  #upToDateAt: unknown
  #askedAt = -Infinity
  #asked: unknown
  #filterAskedAt = -Infinity
  #asking = false
  #silentSince: number | undefined

  constructor(events: SilenceEvents) {
    this.#events = events
  }

  /** Changes that were pending at the last request to the source; null before that. */
  get pending(): number | null {
    return this.#pending
  }

  /** True if the source is known to have more than what has been moved. */
  get behind(): boolean {
    return (this.#pending ?? 0) > 0 && this.#upToDateAt !== this.#run?.status().highestSeq
  }

  /** Wall-clock time at which everything of the source was last proven to be on the target. */
  get caughtUpAt(): Date | null {
    return this.#caughtUpAt
  }

  get lagMs(): number {
    return performance.now() - (this.#provedAt ?? this.#since)
  }

  get docsPerSecond(): number {
    return this.#rate.perSecond(performance.now())
  }

  /** Milliseconds since the source of a run last sent anything. */
  get unheardMs(): number {
    return this.#run === undefined ? 0 : performance.now() - this.#run.heardAt()
  }

  /**
   * Watches a run until the signal is aborted.
   *
   * @param silenceMs time without bytes after which a source is silent
   */
  async watch(run: WatchedRun, silenceMs: number, signal: AbortSignal): Promise<void> {
    this.#run = run
    this.#upToDateAt = undefined
    this.#asked = undefined
    this.#rate.reset(run.status().stats.docsWritten)
    while (!signal.aborted) {
      this.#rate.update(run.status().stats.docsWritten, performance.now())
      this.#noteSilence(silenceMs)
      this.#events.tick()
      if (!this.#asking && this.#isDue(run)) void this.#ask(run, signal)
      await wait(TICK_MS, signal).catch(() => undefined)
    }
    this.#run = undefined
    this.#silentSince = undefined
  }

  /** The live feed of the source beat, and no row came before that beat. */
  heartbeat(): void {
    const run = this.#run
    if (run?.idle() && this.#upToDateAt === run.status().highestSeq) this.#prove()
  }

  #noteSilence(silenceMs: number): void {
    const unheard = this.unheardMs
    if (unheard > silenceMs && this.#silentSince === undefined) {
      this.#silentSince = performance.now() - unheard
      this.#events.silent(unheard)
    } else if (unheard <= silenceMs && this.#silentSince !== undefined) {
      this.#events.heardAgain(performance.now() - this.#silentSince)
      this.#silentSince = undefined
    }
  }

  #isDue(run: WatchedRun): boolean {
    if (performance.now() - this.#askedAt < ASK_EVERY_MS) return false
    return this.#asked !== run.status().highestSeq || this.behind || this.lagMs > PROVE_EVERY_MS
  }

  async #ask(run: WatchedRun, signal: AbortSignal): Promise<void> {
    this.#asking = true
    this.#askedAt = performance.now()
    const seq = run.status().highestSeq
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)])
    try {
      this.#pending = await run.source.pending(seq, within)
      this.#asked = seq
      if (this.#pending === 0 || (await this.#nothingPasses(run, seq, within))) this.#upToDate(run, seq)
    } catch {
      // What the source does not answer proves nothing; the run itself finds out what is wrong.
    } finally {
      this.#asking = false
    }
  }

  /** Changes that the filter does not let through are pending for ever. */
  async #nothingPasses(
    { source, filter, idle }: WatchedRun,
    seq: unknown,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (filter.kind === 'none' || !idle() || performance.now() - this.#filterAskedAt < FILTERED_EVERY_MS)
      return false
    this.#filterAskedAt = performance.now()
    return (await source.pending(seq as string, signal, filter)) === 0
  }

  #upToDate(run: WatchedRun, seq: unknown): void {
    if (run.status().highestSeq !== seq) return
    this.#upToDateAt = seq
    if (run.idle()) this.#prove()
  }

  #prove(): void {
    this.#provedAt = performance.now()
    this.#caughtUpAt = new Date()
  }
}
