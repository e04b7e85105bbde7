import { NO_TRACER } from './tracer.ts'
import { randomBytes } from 'node:crypto'
import { checkpointMembers, makeCheckpoint, numberOf, statsOf, zeroStats } from '../protocol/checkpoint.ts'
import type { ReplicationStats, SourceSeq } from '../protocol/checkpoint.ts'
import { Checkpoints, isBefore } from './checkpoints.ts'
import type { Resumption, Rewind } from './checkpoints.ts'
import { type DeltaSource, deltaSource } from './delta-source.ts'
import { PeerError } from './peer-error.ts'
import type { DatabaseInfo, Peer, WriteFailure } from './peer.ts'
import { ChangesQueue } from './pipeline/changes-queue.ts'
import { MoveProgress } from './pipeline/progress.ts'
import { transferOptions } from './pipeline/transfer-options.ts'
import { Transfer } from './pipeline/transfer.ts'
import type {
  JobRun,
  ReplicationEvents,
  ReplicationPlan,
  ReplicationResult,
  ReplicationStatus,
} from './replication-plan.ts'
import { byDocument } from './verification/refusals.ts'
import { childOf, wait } from './wait.ts'

export type {
  ReplicationEvents,
  ReplicationPlan,
  ReplicationResult,
  ReplicationStatus,
} from './replication-plan.ts'

const QUEUE_BATCHES = 4
/** Batches that a worker takes together when it finds a backlog: fewer round trips, fewer syncs. */
const BACKLOG_BATCHES = 4
/** A replication that has nothing to do reads its checkpoints back once in this many checkpoint intervals. */
const VERIFY_EVERY = 10
const FINAL_TRIES_MS = 10_000

/** One run of a replication, from reading its checkpoints to the last one. */
export class Replication implements JobRun {
  readonly #source: Peer
  readonly #target: Peer
  readonly #plan: ReplicationPlan
  readonly #events: ReplicationEvents
  readonly #sessionId = randomBytes(16).toString('hex')
  readonly #startTime = new Date()
  readonly #stats: ReplicationStats = zeroStats()
  #progress = new MoveProgress(0)
  #queue = new ChangesQueue(1)
  #checkpoints: Checkpoints | undefined
  #resumption: Resumption | undefined
  #transfer: Transfer | undefined
  #deltas: DeltaSource | undefined
  #startSeq: SourceSeq = 0
  #committed: SourceSeq = 0
  #result: ReplicationResult = { no_changes: true }
  #lastProgress = { at: new Date(), clock: performance.now() }
  /** True if the source was unreachable, and may have been replaced. */
  #inDoubt = false

  constructor(source: Peer, target: Peer, plan: ReplicationPlan, events: ReplicationEvents) {
    this.#source = source
    this.#target = target
    this.#plan = plan
    this.#events = events
  }

  get status(): ReplicationStatus {
    return {
      stats: this.#stats,
      checkpointedSeq: this.#committed,
      throughSeq: this.#progress.through,
      highestSeq: this.#progress.highest,
      bytesRead: this.#source.moved.received,
      bytesWritten: this.#target.moved.sent,
      masked: this.#target.masked,
      deltas: this.#deltas?.counts,
      queued: this.#queue.rows,
      lastProgressAt: this.#lastProgress.at,
      idleMs: performance.now() - this.#lastProgress.clock,
    }
  }

  /** Opens both sides and finds where to resume; afterwards the replication counts as running. */
  async start(signal: AbortSignal): Promise<void> {
    const source = await this.#source.info(signal)
    if (source.isMasked === true && this.#plan.isMasked !== true) throw maskedSource(this.#source.url)
    // Only once there is something to replicate: a target is not made for a source that is missing.
    const target = await this.#openTarget(signal)
    await this.#resume(source, target, signal)
    this.#deltas = deltaSource(
      { peer: this.#source, ...source },
      { peer: this.#target, ...target },
      this.#plan,
    )
    this.#transfer = this.#makeTransfer(target)
  }

  /**
   * Moves everything up to the end of the feed, or until the signal is aborted.
   *
   * @returns what `_replicate` answers
   */
  async run(signal: AbortSignal): Promise<ReplicationResult> {
    const { options } = this.#plan
    using work = childOf(signal)
    this.#queue = new ChangesQueue(QUEUE_BATCHES * options.workerBatchSize * options.workerProcesses)
    const workers = Array.from({ length: options.workerProcesses }, () => this.#work(work.signal))
    const parts = [this.#read(work.signal), ...workers]
    const moving = this.#all(parts, work)
    const checkpointing = this.#checkpointNowAndThen(work)
    try {
      await moving
    } finally {
      work.abort(new Error('the replication has ended'))
      await checkpointing
    }
    await this.#checkpoint(signal)
    return this.#result
  }

  /** Saves what has been moved, when the replication is stopped from outside. */
  async saveProgress(): Promise<void> {
    await this.#checkpoint(AbortSignal.timeout(FINAL_TRIES_MS))
  }

  async #openTarget(signal: AbortSignal): Promise<DatabaseInfo> {
    const { createTarget, createTargetParams } = this.#plan.options
    if (createTarget) await this.#target.create(createTargetParams, signal)
    return this.#target.info(signal)
  }

  async #resume(source: DatabaseInfo, target: DatabaseInfo, signal: AbortSignal): Promise<void> {
    const { id, olderIds, options } = this.#plan
    const instances = { source: source.instanceStartTime, target: target.instanceStartTime }
    this.#checkpoints = new Checkpoints(this.#source, this.#target, id, instances)
    const resumption = await this.#checkpoints.resume(olderIds, signal)
    if (resumption.rewind && options.sinceSeq === undefined) this.#checkRewind(resumption.rewind)
    this.#resumption = resumption
    Object.assign(this.#stats, statsOf(resumption.last))
    this.#startSeq = options.sinceSeq ?? resumption.since
    this.#committed = this.#startSeq
    this.#progress = new MoveProgress(this.#startSeq)
    this.#result = { no_changes: true, ...checkpointMembers(resumption.sourceLog) }
  }

  #checkRewind(rewind: Rewind): void {
    const size = numberOf(rewind.from) - numberOf(rewind.to)
    const { maxRewind } = this.#plan
    if (maxRewind > 0 && size > maxRewind) {
      const reason = `${rewind.reason}: going back ${size} changes of ${this.#source.url}, more than max_rewind allows`
      throw new PeerError('rewind_refused', reason)
    }
    this.#events.rewound(rewind)
  }

  #makeTransfer(target: DatabaseInfo): Transfer {
    const settings = transferOptions(this.#plan, target.documents + target.deletedDocuments === 0)
    return new Transfer(this.#deltas ?? this.#source, this.#target, settings, failure =>
      this.#refused(failure),
    )
  }

  #refused(failure: WriteFailure): void {
    this.#events.refused(failure)
    if (!this.#plan.options.stopOnWriteFailure) return
    const reason = `${this.#target.url} refused ${failure.id} ${failure.rev}: ${failure.error}: ${failure.reason}`
    throw new PeerError('doc_write_failed', reason, { status: failure.status })
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { options } = this.#plan
    const request = {
      since: this.#startSeq,
      feed: options.continuous ? 'continuous' : 'normal',
      style: options.winningRevsOnly ? 'main_only' : 'all_docs',
      filter: options.filter,
      batchSize: options.workerBatchSize,
      reopened: () => void (this.#inDoubt = true),
      heartbeat: this.#events.heartbeat,
    } as const
    try {
      for await (const batch of this.#source.changes(request, signal)) await this.#queue.put(batch)
    } finally {
      this.#queue.end()
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const most = BACKLOG_BATCHES * this.#plan.options.workerBatchSize
    for (let batch = await this.#queue.take(most); batch; batch = await this.#queue.take(most)) {
      signal.throwIfAborted()
      const refused = (await this.#events.refusedOf?.(batch.rows)) ?? []
      const counted = await this.#traced(batch.rows.length, async () =>
        this.#transfer?.move(batch.rows, signal),
      )
      for (const key of Object.keys(counted ?? {}) as (keyof ReplicationStats)[]) {
        this.#stats[key] += counted?.[key] ?? 0
      }
      if (refused.length > 0) await this.#findAccepted(refused, signal)
      this.#progress.done(batch)
      this.#lastProgress = { at: new Date(), clock: performance.now() }
    }
  }

  /** Reports which revisions that were once refused the target has now. */
  async #findAccepted(refused: readonly WriteFailure[], signal: AbortSignal): Promise<void> {
    const missing = await this.#target.revsDiff(byDocument(refused), signal)
    const still = new Map(missing.map(({ id, revs }) => [id, revs]))
    for (const failure of refused)
      if (still.get(failure.id)?.includes(failure.rev) !== true) this.#events.accepted?.(failure)
  }

  /** Records a batch as a trace, from the source's documents to the target's commit. */
  #traced<T>(changes: number, work: () => Promise<T>): Promise<T> {
    const { tracer = NO_TRACER } = this.#events
    const attributes = {
      'replication.id': this.#plan.id,
      'replication.source': this.#source.url,
      'replication.target': this.#target.url,
      'replication.changes': changes,
    }
    return tracer.root('replication batch', attributes, work)
  }

  /** Waits for all parts; the first that fails stops the others, and its failure is thrown. */
  async #all(parts: readonly Promise<void>[], work: AbortController): Promise<void> {
    let failure: Error | undefined
    const settled = parts.map(part =>
      part.catch((error: Error) => {
        failure ??= error
        this.#queue.end()
        work.abort(error)
      }),
    )
    await Promise.all(settled)
    if (failure !== undefined) throw failure
  }

  async #checkpointNowAndThen(work: AbortController): Promise<void> {
    const { checkpointIntervalMs } = this.#plan.options
    try {
      for (let quiet = 1; ; quiet++) {
        await wait(checkpointIntervalMs, work.signal)
        if (await this.#checkpoint(work.signal)) quiet = 0
        else if (quiet % VERIFY_EVERY === 0) await this.#checkpoints?.verify(work.signal)
      }
    } catch (error) {
      if (work.signal.aborted) return
      this.#queue.end()
      work.abort(error)
    }
  }

  /** Checks that neither side was replaced or restored from a backup. @throws PeerError if one was */
  async #verify(signal: AbortSignal): Promise<void> {
    const { highest } = this.#progress
    const { updateSeq } = await this.#source.info(signal)
    if (isBefore(updateSeq, highest)) throw wentBack(this.#source.url, updateSeq, highest)
    if (this.#plan.options.useCheckpoints) await this.#checkpoints?.verify(signal)
    this.#inDoubt = false
  }

  /** @returns whether there was anything to save */
  async #checkpoint(signal: AbortSignal): Promise<boolean> {
    const { useCheckpoints, filter } = this.#plan.options
    if (this.#inDoubt) await this.#verify(signal)
    const throughSeq = this.#progress.through
    if (throughSeq === this.#committed) return false
    if (!useCheckpoints) {
      this.#result = { use_checkpoints: false }
      return false
    }
    const facts = {
      sessionId: this.#sessionId,
      startTime: this.#startTime,
      endTime: new Date(),
      startSeq: this.#startSeq,
      throughSeq,
      stats: this.#stats,
    }
    const checkpoint = makeCheckpoint(facts, this.#resumption?.history ?? [], filter.kind === 'docIds')
    await this.#events.beforeCheckpoint?.()
    await this.#checkpoints?.save(checkpoint, signal)
    this.#committed = throughSeq
    this.#result = { ...checkpoint }
    return true
  }
}

/** The error for a source whose contents under genuine revision ids are not the genuine ones. */
function maskedSource(url: string): PeerError {
  return new PeerError('masked_source', `${url} is a masked copy: only masked followers replicate from it`, {
    status: 403,
  })
}

function wentBack(url: string, now: SourceSeq, before: SourceSeq): PeerError {
  const reason = `Source database out of sync: ${url} is at ${now} and has been at ${before} before`
  return new PeerError('checkpoint_commit_failure', reason, { transient: true })
}
