import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '../../protocol/errors.ts'
import { Admission, type Lane } from './admission.ts'
import { FairQueue } from './fair-queue.ts'
import { callTimeout, type SandboxLimits } from './limits.ts'
import type { EngineSetup, EngineCommand, WorkerOutcome, WorkerReply } from './messages.ts'
import { PoolWorker, type WorkerEnd } from './pool-worker.ts'

const LANES: readonly Lane[] = ['validation', 'request', 'background']

export interface SandboxCall extends Omit<EngineCommand, 'id' | 'setup' | 'timeoutMs'> {
  /** The database whose functions run: databases take turns. */
  readonly owner: string
  readonly setup: EngineSetup
}

/** Answers output that the function of a list job gives while it runs; its thread waits for the answer. */
export type ListExchange = (output: string) => Promise<string>

interface Waiting {
  readonly job: SandboxCall
  readonly lane: Lane
  readonly exchange: ListExchange | undefined
  readonly resolve: (outcome: WorkerOutcome) => void
  readonly reject: (error: Error) => void
}

/** Those that wait are requests and index builds, which have bounds of their own; this one is for what nobody foresaw. */
const MAX_WAITING = 10_000
/** One database can fill half of them. */
const MAX_WAITING_OF_OWNER = MAX_WAITING / 2
/** A worker holds 20 MB and more, and starts in a moment. */
const IDLE_MS = 30_000

/**
 * Worker threads that run functions of design documents. A job whose worker has to be ended fails alone: the others
 * wait in the pool and go to other workers. Databases take turns, and none can take all workers (see Admission).
 */
export class SandboxPool {
  readonly #limits: SandboxLimits
  readonly #timeoutMs: () => number
  readonly #size: number
  readonly #onLog: (key: string, lines: readonly string[]) => void
  readonly #idle: PoolWorker[] = []
  readonly #running = new Map<PoolWorker, { waiting: Waiting; id: number; began: number }>()
  readonly #lanes: Readonly<Record<Lane, FairQueue<Waiting>>> = {
    validation: new FairQueue(),
    request: new FairQueue(),
    background: new FairQueue(),
  }
  readonly #admission: Admission
  readonly #sweep: NodeJS.Timeout
  #lastId = 0
  #closed = false
  /** Called when no request and no validation runs or waits. */
  #onSettled: (() => void) | undefined

  constructor(options: {
    limits: SandboxLimits
    /** Read for each job. */
    timeoutMs: () => number
    workers: number
    onLog: (key: string, lines: readonly string[]) => void
  }) {
    this.#limits = options.limits
    this.#timeoutMs = options.timeoutMs
    this.#size = options.workers
    this.#admission = new Admission(options.workers)
    this.#onLog = options.onLog
    this.#sweep = setInterval(() => this.#closeIdle(), IDLE_MS / 3)
    this.#sweep.unref()
  }

  /** @throws `service_unavailable` when too many wait, or the pool is closed; what `exchange` throws, which ends the job */
  run(job: SandboxCall, lane: Lane, exchange?: ListExchange): Promise<WorkerOutcome> {
    const queue = this.#lanes[lane]
    const isFull = queue.length >= MAX_WAITING || queue.lengthOf(job.owner) >= MAX_WAITING_OF_OWNER
    if (this.#closed || isFull) return Promise.reject(fail('sandboxBusy'))
    return new Promise((resolve, reject) => {
      queue.push(job.owner, { job, lane, exchange, resolve, reject })
      this.#next()
    })
  }

  /**
   * Gives functions of requests some time to end, and closes the pool then: a server that stops does not wait for those
   * that never end, nor for index builds.
   */
  async stop(graceMs: number): Promise<void> {
    if (!this.#isSettled) {
      const end = new AbortController()
      const settled = new Promise<void>(resolve => (this.#onSettled = resolve))
      await Promise.race([settled, sleep(graceMs, undefined, end).catch(() => undefined)])
      end.abort()
    }
    await this.close()
  }

  /** Ends all workers; what waits is refused. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    const waiting = LANES.flatMap(lane => this.#lanes[lane].drain())
    for (const { reject } of waiting) reject(fail('sandboxBusy'))
    for (const { waiting } of this.#running.values()) waiting.reject(fail('sandboxBusy'))
    const workers = [...this.#idle.splice(0), ...this.#running.keys()]
    this.#running.clear()
    await Promise.all(workers.map(worker => worker.close()))
  }

  get #isSettled(): boolean {
    const runs = [...this.#running.values()].some(({ waiting }) => waiting.lane !== 'background')
    return !runs && this.#lanes.request.length === 0 && this.#lanes.validation.length === 0
  }

  #next(): void {
    if (this.#onSettled !== undefined && this.#isSettled) this.#onSettled()
    for (let waiting = this.#take(); waiting !== undefined; waiting = this.#take()) {
      this.#start(this.#workerFor(waiting.job.key), waiting)
    }
  }

  /** Takes the job that runs next from the queue; undefined if none waits, or there is no worker for it. */
  #take(): Waiting | undefined {
    if (this.#closed) return undefined
    const running = [...this.#running.values()].map(({ waiting: { lane, job } }) => ({
      lane,
      owner: job.owner,
    }))
    for (const lane of LANES) {
      const next = this.#lanes[lane].take(owner => this.#admission.mayRun({ lane, owner }, running))
      if (next !== undefined) return next
    }
    return undefined
  }

  /** An idle worker that has the engine, or any, or a new one. */
  #workerFor(key: string): PoolWorker {
    const prepared = this.#idle.findIndex(worker => worker.prepared.has(key))
    const [idle] = this.#idle.splice(prepared < 0 ? this.#idle.length - 1 : prepared, 1)
    if (idle !== undefined && (prepared >= 0 || this.#running.size + this.#idle.length + 1 >= this.#size))
      return idle
    if (idle !== undefined) this.#idle.push(idle)
    return new PoolWorker(this.#limits, {
      onReply: (worker, reply) => this.#onReply(worker, reply),
      onQuestion: (worker, said) => void this.#onQuestion(worker, said),
      onEnd: (worker, end) => this.#onEnd(worker, end),
    })
  }

  #start(worker: PoolWorker, waiting: Waiting, withSetup = !worker.prepared.has(waiting.job.key)): void {
    const id = ++this.#lastId
    this.#running.set(worker, { waiting, id, began: performance.now() })
    if (waiting.job.isOnce !== true) worker.prepared.add(waiting.job.key)
    const setup = withSetup ? waiting.job.setup : undefined
    const { owner: _owner, ...job } = waiting.job
    worker.send({ ...job, id, setup, timeoutMs: callTimeout(this.#timeoutMs()) })
  }

  async #onQuestion(worker: PoolWorker, said: string): Promise<void> {
    const waiting = this.#running.get(worker)?.waiting
    try {
      worker.answer(await waiting?.exchange?.(said))
    } catch (error) {
      // The reply that follows comes too late.
      waiting?.reject(error as Error)
      worker.answer(undefined)
    }
  }

  #onReply(worker: PoolWorker, reply: WorkerReply): void {
    const running = this.#running.get(worker)
    if (running?.id !== reply.id) return
    const { waiting } = running
    if (reply.log.length > 0) this.#onLog(waiting.job.key, reply.log)
    if (reply.outcome.kind === 'unprepared') return this.#start(worker, waiting, true)
    this.#running.delete(worker)
    this.#charge(running)
    this.#idle.push(worker)
    waiting.resolve(reply.outcome)
    this.#next()
  }

  #onEnd(worker: PoolWorker, end: WorkerEnd): void {
    const index = this.#idle.indexOf(worker)
    if (index >= 0) this.#idle.splice(index, 1)
    const running = this.#running.get(worker)
    this.#running.delete(worker)
    if (running !== undefined) this.#charge(running)
    running?.waiting.resolve(
      end === 'stuck'
        ? { kind: 'failure', cause: 'timeout', message: 'OS process timed out.' }
        : { kind: 'failure', cause: 'memory', message: 'The worker thread of the function died.' },
    )
    this.#next()
  }

  #charge({ waiting: { lane, job }, began }: { waiting: Waiting; began: number }): void {
    this.#lanes[lane].charge(job.owner, performance.now() - began)
  }

  #closeIdle(): void {
    const limit = performance.now() - IDLE_MS
    for (const worker of this.#idle.filter(({ lastUse }) => lastUse < limit)) {
      this.#idle.splice(this.#idle.indexOf(worker), 1)
      void worker.close()
    }
  }
}
