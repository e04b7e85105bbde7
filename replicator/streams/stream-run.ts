import { zeroStats, type ReplicationStats } from '../../protocol/checkpoint.ts'
import { PeerError } from '../peer-error.ts'
import type { WriteFailure } from '../peer.ts'
import type { JobRun, ReplicationEvents, ReplicationResult, ReplicationStatus } from '../replication-plan.ts'
import type { StreamBatch, StreamGap, StreamMessage, StreamPosition, StreamReader } from './contract.ts'

/** The database that the messages of a stream go to. */
export interface StreamTarget<Prepared = unknown> {
  /** Returns the place that was stored with the last messages; undefined if there were none. */
  position(): Promise<StreamPosition | undefined>
  /** Parses messages, which needs nothing of the database: it is done while those before them are being written. */
  prepare(messages: readonly StreamMessage[]): Promise<Prepared>
  /**
   * Takes messages in, and the place behind them in the same commit: each is stored, or listed as failed.
   *
   * @returns those that failed, and how many were written and how many were here before
   * @throws PeerError `event_refused` for one that failed, where the job is to stop
   */
  take(messages: Prepared, position: StreamPosition): Promise<TakenMessages>
  /** Lists a gap as a failure. */
  noteGap(gap: StreamGap): Promise<WriteFailure>
}

/** Outcome of messages; those that are neither written, nor duplicates, nor failures say nothing of documents. */
export interface TakenMessages {
  readonly failures: readonly WriteFailure[]
  readonly written: number
  /** Messages that were taken in before. */
  readonly duplicates: number
}

/** Options of reading a stream. */
export interface StreamRunOptions {
  readonly continuous: boolean
  /** True if messages that are gone stop the job. */
  readonly stopsAtGaps: boolean
  readonly url: string
}

/** One run of a job whose source is a stream. */
export class StreamRun implements JobRun {
  readonly #reader: StreamReader
  readonly #target: StreamTarget
  readonly #options: StreamRunOptions
  readonly #events: Pick<ReplicationEvents, 'refused'>
  readonly #stats: ReplicationStats = zeroStats()
  #position: StreamPosition | undefined
  #bytes = 0
  #duplicates = 0
  #waiting = 0
  #lastProgress = { at: new Date(), clock: performance.now() }

  constructor(
    reader: StreamReader,
    target: StreamTarget,
    options: StreamRunOptions,
    events: Pick<ReplicationEvents, 'refused'>,
  ) {
    this.#reader = reader
    this.#target = target
    this.#options = options
    this.#events = events
  }

  get status(): ReplicationStatus {
    const seq = this.#position === undefined ? 0 : JSON.stringify(this.#position)
    return {
      stats: this.#stats,
      checkpointedSeq: seq,
      throughSeq: seq,
      highestSeq: seq,
      bytesRead: this.#bytes,
      bytesWritten: 0,
      duplicates: this.#duplicates,
      queued: this.#waiting,
      lastProgressAt: this.#lastProgress.at,
      idleMs: performance.now() - this.#lastProgress.clock,
    }
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#position = await this.#target.position()
    const gaps = await this.#reader.open(this.#position, signal)
    for (const gap of gaps) {
      if (this.#options.stopsAtGaps)
        throw new PeerError('stream_gap', `${this.#options.url}: ${gap.reason}; on_gap says to stop there`)
      this.#refused(await this.#target.noteGap(gap))
    }
  }

  async run(signal: AbortSignal): Promise<ReplicationResult> {
    const { continuous } = this.#options
    let writing: Promise<void> | undefined
    // A write that fails ends the reading, which may wait for a message that is long in coming.
    const failed = new AbortController()
    const either = AbortSignal.any([signal, failed.signal])
    try {
      for await (const batch of this.#reader.read({ continuous }, either)) {
        this.#waiting += batch.messages.length
        const prepared = await this.#target.prepare(batch.messages)
        await writing
        writing = this.#write(batch, prepared)
        writing.catch((error: unknown) => failed.abort(error))
      }
    } finally {
      await writing
    }
    signal.throwIfAborted()
    return {
      docs_read: this.#stats.docsRead,
      docs_written: this.#stats.docsWritten,
      duplicates: this.#duplicates,
      position: this.#position,
    }
  }

  async #write({ messages, position }: StreamBatch, prepared: unknown): Promise<void> {
    const taken = await this.#target.take(prepared, position)
    this.#waiting -= messages.length
    for (const failure of taken.failures) this.#refused(failure)
    this.#count(messages, taken)
    this.#position = position
  }

  /** There is nothing left to save: the place is in the commit of the documents. */
  saveProgress(): Promise<void> {
    return Promise.resolve()
  }

  #refused(failure: WriteFailure): void {
    this.#events.refused(failure)
    this.#stats.docWriteFailures++
  }

  #count(messages: readonly StreamMessage[], { written, duplicates }: TakenMessages): void {
    this.#stats.docsRead += messages.length
    this.#stats.docsWritten += written
    this.#duplicates += duplicates
    this.#bytes += messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
    this.#lastProgress = { at: new Date(), clock: performance.now() }
  }
}
