import { numberOf } from '../../protocol/checkpoint.ts'
import type { SourceSeq } from '../../protocol/checkpoint.ts'
import { couchetteSeq } from '../../protocol/sequence.ts'
import { HttpPeer } from '../../replicator/http/http-peer.ts'
import type { HttpClient } from '../../replicator/http/http-client.ts'
import type { Job } from '../../replicator/job.ts'
import { wait } from '../../replicator/wait.ts'
import type { Database } from '../database/database.ts'
import { readSourceSequences, withPoint, writeSourceSequences } from '../database/source-sequences.ts'
import { readCheckpoints, type SourceCheckpoint, takeOver } from './copied-checkpoints.ts'

/** A follower, as its watch sees it. */
export interface WatchedFollower {
  readonly database: Database
  /** Of the source. */
  readonly client: HttpClient
  /** The job that copies it; undefined while there is none. */
  readonly job: () => Promise<Job | undefined>
  /** Milliseconds between two looks at the source's checkpoints. */
  readonly checkpointsEveryMs: () => number
}

/** Checkpoints that may be stored once everything that the source had when they were read is here. */
interface PendingCheckpoints {
  readonly checkpoints: readonly SourceCheckpoint[]
  readonly seq: SourceSeq
  /** Wall-clock time after the source was asked for its sequence. */
  readonly askedAt: Date
}

const TICK_MS = 1_000

/**
 * Lets clients of a source go on at its follower: keeps the follower's map of the source's sequences, and takes over the
 * checkpoints of clients.
 */
export class FollowerWatch {
  /** Why sequences or checkpoints could not be taken over by the last look; undefined after success. */
  error: string | undefined
  readonly #follower: WatchedFollower
  readonly #source: HttpPeer
  #pending: PendingCheckpoints | undefined
  #readAt = -Infinity

  constructor(follower: WatchedFollower) {
    this.#follower = follower
    this.#source = new HttpPeer(follower.client)
  }

  /** Resolves when the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#look(signal)
        this.error = undefined
      } catch (error) {
        this.error = error instanceof Error ? error.message : String(error)
      }
      await wait(TICK_MS, signal).catch(() => undefined)
    }
    await this.#source.close()
  }

  async #look(signal: AbortSignal): Promise<void> {
    await this.#notePoint(signal)
    if (this.#pending === undefined) await this.#readCheckpoints(signal)
    else await this.#storeCheckpoints(this.#pending)
  }

  /** The follower's sequence is read first: what it has by then the source had when it answers. */
  async #notePoint(signal: AbortSignal): Promise<void> {
    const { database } = this.#follower
    const before = readSourceSequences(database)
    const own = database.state.seq
    if (before === undefined || !before.isWhole || (before.points.at(-1)?.[1] ?? -1) >= own) return
    const source = couchetteSeq((await this.#source.info(signal)).updateSeq)
    if (source === undefined || signal.aborted) return
    const after = withPoint(before, source.instance, source.number, own)
    if (after !== before) await writeSourceSequences(database, after)
  }

  /** Checkpoints first, then the sequence: everything that a checkpoint speaks of is at or before it. */
  async #readCheckpoints(signal: AbortSignal): Promise<void> {
    const now = performance.now()
    if (now - this.#readAt < this.#follower.checkpointsEveryMs()) return
    this.#readAt = now
    const checkpoints = await readCheckpoints(this.#follower.client, signal)
    const { updateSeq: seq } = await this.#source.info(signal)
    this.#pending = { checkpoints, seq, askedAt: new Date() }
  }

  async #storeCheckpoints({ checkpoints, seq, askedAt }: PendingCheckpoints): Promise<void> {
    const { database, job: findJob } = this.#follower
    const job = await findJob()
    const status = job?.status
    if (job === undefined || status === undefined) return
    const { caughtUpAt } = job.lag(Infinity)
    const isHere =
      numberOf(status.throughSeq) >= numberOf(seq) || (caughtUpAt !== null && caughtUpAt > askedAt)
    if (!isHere) return
    this.#pending = undefined
    const own = new Set([job.spec.plan.id, ...job.spec.plan.olderIds].map(id => `_local/${id}`))
    await takeOver(database, checkpoints, id => own.has(id))
  }
}
