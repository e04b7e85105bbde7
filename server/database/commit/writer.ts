import { fail } from '../../../protocol/errors.ts'
import { TimeSlice } from '../../concurrency/time-slice.ts'
import { applyWrite, type WriterHost } from './apply-write.ts'
import { Commit } from './commit.ts'
import type { CommitRecord } from './commit-record.ts'
import type { DatabaseState } from '../state.ts'
import { NOTHING_UNCOMMITTED, type Uncommitted } from './uncommitted.ts'
import { bytesOf, documentsOf, type ResultOf, type WriteRequest } from './write-request.ts'

interface Waiting {
  readonly request: WriteRequest
  readonly bytes: number
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** A batch larger than this delays everybody in it for longer than one sync saves. */
const MAX_COMMIT_BYTES = 8 * 1024 * 1024

/** From so many bytes on, computing a batch takes long enough to be worth doing while the one before it syncs. */
const OVERLAP_BYTES = 64 * 1024

/**
 * The one writer of a database. Everything that waits is merged into one synced batch (group commit), and the next batch
 * is computed while that one syncs. A request is answered when its batch is on disk.
 */
export class Writer {
  /** The state as of the last commit on disk. */
  #durable: DatabaseState
  /** The state as of the last commit computed. */
  #latest: DatabaseState
  readonly #host: WriterHost
  readonly #onCommit: (commit: CommitRecord) => Promise<void> | undefined
  readonly #queue: Waiting[] = []
  #uncommitted: Uncommitted = NOTHING_UNCOMMITTED
  #syncing: Promise<void> = Promise.resolve()
  #running: Promise<void> | undefined
  #failure: Error | undefined
  #refusal: Error | undefined
  /** Counts the states that were put in from outside: what was computed on an earlier one is void. */
  #resets = 0

  constructor(options: {
    host: WriterHost
    state: DatabaseState
    /** Called after a commit is on disk; its requests are answered when what it returns is settled. */
    onCommit: (commit: CommitRecord) => Promise<void> | undefined
  }) {
    this.#durable = this.#latest = options.state
    this.#onCommit = options.onCommit
    this.#host = options.host
  }

  /** True after a write failed: all further requests are refused. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  get state(): DatabaseState {
    return this.#durable
  }

  /**
   * Carries out a request; resolves when it is on disk.
   *
   * @throws what refuses the request; an error of the disk for all requests from then on
   */
  submit<Request extends WriteRequest>(request: Request): Promise<ResultOf<Request>> {
    const refusal = this.#refusal ?? this.#failure
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise<unknown>((resolve, reject) => {
      this.#queue.push({ request, bytes: bytesOf(request), resolve, reject })
      this.#running ??= this.#run()
    }) as Promise<ResultOf<Request>>
  }

  /**
   * Goes on from a state that was read from the store after a write failed. Call it when everything submitted was
   * refused.
   */
  reset(state: DatabaseState): void {
    this.#durable = this.#latest = state
    this.#uncommitted = NOTHING_UNCOMMITTED
    this.#failure = undefined
    this.#resets += 1
  }

  /** Refuses all further requests, with that error. */
  end(refusal: Error): void {
    this.#refusal = refusal
  }

  /** Returns when everything that was submitted is on disk or refused. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running
    await this.#syncing
  }

  async #run(): Promise<void> {
    // Requests of the same turn of the event loop share the first commit.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      // What is small is computed in no time: it waits for the sync under way, and more joins it.
      if (this.#waitingBytes() < OVERLAP_BYTES) await this.#syncing
      const group = this.#takeGroup()
      const resets = this.#resets
      const commit = new Commit(this.#host.context, this.#latest, this.#uncommitted)
      const answers = await this.#apply(group, commit)
      await this.#syncing
      if (this.#failure !== undefined || this.#resets !== resets) {
        rejectAll(answers, this.#failure ?? fail('notLeader'))
        continue
      }
      this.#latest = commit.state
      this.#uncommitted = commit.uncommitted
      this.#syncing = this.#sync(commit, answers)
    }
    this.#running = undefined
  }

  #waitingBytes(): number {
    return this.#queue.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  #takeGroup(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const waiting of this.#queue) {
      bytes += waiting.bytes
      if (count > 0 && bytes > MAX_COMMIT_BYTES) break
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  async #apply(group: readonly Waiting[], commit: Commit): Promise<Answer[]> {
    const answers: Answer[] = []
    try {
      await commit.load(group.flatMap(({ request }) => documentsOf(request)))
    } catch (error) {
      for (const waiting of group) waiting.reject(error)
      return answers
    }
    const slice = new TimeSlice()
    for (const waiting of group) {
      if (slice.isOver) await slice.pause()
      try {
        answers.push({ waiting, result: await applyWrite(waiting.request, commit, this.#host) })
      } catch (error) {
        waiting.reject(error)
      }
    }
    return answers
  }

  async #sync(commit: Commit, answers: readonly Answer[]): Promise<void> {
    try {
      const record = await commit.write()
      this.#durable = record.state
      const followed = this.#onCommit(record)
      const answer = (): void => {
        for (const { waiting, result } of answers) waiting.resolve(result)
      }
      if (followed === undefined) answer()
      else void followed.then(answer)
    } catch (error) {
      // What is on disk is unknown to the commits computed on top: all of them fail until the state is read again.
      this.#failure = error instanceof Error ? error : new Error(String(error))
      rejectAll(answers, this.#failure)
    }
  }
}

interface Answer {
  readonly waiting: Waiting
  readonly result: unknown
}

function rejectAll(answers: readonly Answer[], error: Error): void {
  for (const { waiting } of answers) waiting.reject(error)
}
