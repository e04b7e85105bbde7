import { fail } from '../../../protocol/errors.ts'
import { callTimeout, type SandboxLimits } from './limits.ts'
import type { EngineSetup, WorkerJob, WorkerOutcome, WorkerReply } from './messages.ts'
import { PoolWorker, type WorkerEnd } from './pool-worker.ts'

/** Who waits for a job: a request, or nobody but an index that is built in the background. */
export type Lane = 'request' | 'background'

export interface Job extends Omit<WorkerJob, 'id' | 'setup' | 'timeoutMs'> {
  readonly setup: EngineSetup
}

/** Answers what the function of a job says while it runs; the thread waits for it. */
export type Talk = (said: string) => Promise<string>

interface Waiting {
  readonly job: Job
  readonly lane: Lane
  readonly talk: Talk | undefined
  readonly resolve: (outcome: WorkerOutcome) => void
  readonly reject: (error: Error) => void
}

/** Those that wait are requests and index builds, which have bounds of their own; this one is for what nobody foresaw. */
const MAX_WAITING = 10_000
const IDLE_MS = 60_000

/**
 * Worker threads that run functions of design documents. A job whose worker has to be ended fails alone: the others
 * wait in the pool and go to other workers. Requests go before index builds, and index builds leave a worker to them.
 */
export class SandboxPool {
  readonly #limits: SandboxLimits
  readonly #timeoutMs: () => number
  readonly #size: number
  readonly #onLog: (key: string, lines: readonly string[]) => void
  readonly #idle: PoolWorker[] = []
  readonly #running = new Map<PoolWorker, { waiting: Waiting; id: number }>()
  readonly #lanes: Record<Lane, Waiting[]> = { request: [], background: [] }
  readonly #sweep: NodeJS.Timeout
  #lastId = 0
  #lastUse = 0
  #closed = false

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
    this.#onLog = options.onLog
    this.#sweep = setInterval(() => this.#closeIdle(), IDLE_MS)
    this.#sweep.unref()
  }

  /** @throws `service_unavailable` when too many wait, or the pool is closed; what `talk` throws, which ends the job */
  run(job: Job, lane: Lane, talk?: Talk): Promise<WorkerOutcome> {
    const queue = this.#lanes[lane]
    if (this.#closed || queue.length >= MAX_WAITING) return Promise.reject(fail('sandboxBusy'))
    return new Promise((resolve, reject) => {
      queue.push({ job, lane, talk, resolve, reject })
      this.#next()
    })
  }

  /** Ends all workers; what waits is refused. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    const waiting = [...this.#lanes.request.splice(0), ...this.#lanes.background.splice(0)]
    for (const { reject } of waiting) reject(fail('sandboxBusy'))
    for (const { waiting } of this.#running.values()) waiting.reject(fail('sandboxBusy'))
    const workers = [...this.#idle.splice(0), ...this.#running.keys()]
    this.#running.clear()
    await Promise.all(workers.map(worker => worker.close()))
  }

  #next(): void {
    for (let waiting = this.#take(); waiting !== undefined; waiting = this.#take()) {
      this.#start(this.#workerFor(waiting.job.key), waiting)
    }
  }

  /** What is to run now, if there is a worker for it. */
  #take(): Waiting | undefined {
    if (this.#closed || this.#running.size >= this.#size) return undefined
    const request = this.#lanes.request.shift()
    if (request !== undefined) return request
    const builds = [...this.#running.values()].filter(({ waiting }) => waiting.lane === 'background').length
    return builds < Math.max(1, this.#size - 1) ? this.#lanes.background.shift() : undefined
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
    this.#lastUse = performance.now()
    this.#running.set(worker, { waiting, id })
    worker.prepared.add(waiting.job.key)
    const setup = withSetup ? waiting.job.setup : undefined
    worker.send({ ...waiting.job, id, setup, timeoutMs: callTimeout(this.#timeoutMs()) })
  }

  async #onQuestion(worker: PoolWorker, said: string): Promise<void> {
    const waiting = this.#running.get(worker)?.waiting
    try {
      worker.answer(await waiting?.talk?.(said))
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
    if (reply.broken) void worker.close()
    else this.#idle.push(worker)
    waiting.resolve(reply.outcome)
    this.#next()
  }

  #onEnd(worker: PoolWorker, end: WorkerEnd): void {
    const at = this.#idle.indexOf(worker)
    if (at >= 0) this.#idle.splice(at, 1)
    const running = this.#running.get(worker)
    this.#running.delete(worker)
    running?.waiting.resolve(
      end === 'stuck'
        ? { kind: 'failure', cause: 'timeout', message: 'OS process timed out.' }
        : { kind: 'failure', cause: 'memory', message: 'The worker thread of the function died.' },
    )
    this.#next()
  }

  #closeIdle(): void {
    if (this.#running.size > 0 || performance.now() - this.#lastUse < IDLE_MS) return
    for (const worker of this.#idle.splice(0)) void worker.close()
  }
}
