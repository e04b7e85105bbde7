import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { startThread } from '../../concurrency/start-thread.ts'
import { InFlight } from './in-flight.ts'
import { memoryOf } from './memory.ts'
import type { IngestOptions, IngestReply, IngestRequest, TargetFile } from './messages.ts'
import { WorkerJob } from './worker-job.ts'

const MAX_WORKERS = 4

/** The bytes of attachments are not in a thread's heap, and what else it allocates dies at once. */
const SMALL_HEAP = { maxYoungGenerationSizeMb: 2 }

/** Time after which a thread without a job is ended; another starts in a moment. */
const IDLE_MS = 30_000

interface WorkerThread {
  readonly thread: Worker
  jobs: number
  /** Ends the thread when it has been idle. */
  idle?: NodeJS.Timeout
}

/**
 * Threads that compress, hash and write attachments, so that the event loop does not. Started when first needed, with
 * at most one for each processor; idle ones do not keep the process alive, and are ended after a while.
 */
export class IngestWorkers {
  readonly #workers: WorkerThread[] = []
  readonly #jobs = new Map<number, { worker: WorkerThread; job: WorkerJob }>()
  readonly #inFlight = new InFlight()
  readonly #idleMs: number
  #lastJob = 0
  #closed = false

  constructor(idleMs = IDLE_MS) {
    this.#idleMs = idleMs
  }

  /** The number of threads. */
  get size(): number {
    return this.#workers.length
  }

  /** Begins to take in an attachment. `getFile` gives a file when the bytes need one. */
  open(begin: IngestOptions, getFile: () => Promise<TargetFile>): WorkerJob {
    if (this.#closed) throw new Error('attachments are closed')
    const worker = this.#leastBusy()
    const number = ++this.#lastJob
    worker.jobs += 1
    if (worker.jobs === 1) {
      clearTimeout(worker.idle)
      worker.thread.ref()
    }
    const send = (request: IngestRequest): void => {
      worker.thread.postMessage(request, request.kind === 'work' ? memoryOf(request.pieces) : [])
    }
    const onSettled = (): void => this.#settle(number)
    const job = new WorkerJob({ number, begin, inFlight: this.#inFlight, send, getFile, onSettled })
    this.#jobs.set(number, { worker, job })
    return job
  }

  /** Ends the threads; what they were at fails. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    const workers = this.#workers.splice(0)
    for (const { idle } of workers) clearTimeout(idle)
    await Promise.all(workers.map(({ thread }) => thread.terminate()))
  }

  #settle(number: number): void {
    const entry = this.#jobs.get(number)
    if (entry === undefined) return
    this.#jobs.delete(number)
    entry.worker.jobs -= 1
    if (entry.worker.jobs > 0) return
    entry.worker.thread.unref()
    entry.worker.idle = setTimeout(() => this.#endIdle(entry.worker), this.#idleMs)
    entry.worker.idle.unref()
  }

  #endIdle(worker: WorkerThread): void {
    const at = this.#workers.indexOf(worker)
    if (at < 0 || worker.jobs > 0) return
    this.#workers.splice(at, 1)
    void worker.thread.terminate()
  }

  #leastBusy(): WorkerThread {
    const [first, ...others] = this.#workers
    const best = others.reduce((best, worker) => (worker.jobs < (best?.jobs ?? 0) ? worker : best), first)
    const mayStart = this.#workers.length < Math.min(MAX_WORKERS, availableParallelism())
    return best === undefined || (best.jobs > 0 && mayStart) ? this.#start() : best
  }

  #start(): WorkerThread {
    const thread = startThread('./worker', import.meta.url, { resourceLimits: SMALL_HEAP })
    const worker: WorkerThread = { thread, jobs: 0 }
    thread.unref()
    thread.on('message', (reply: IngestReply) => this.#jobs.get(reply.job)?.job.onReply(reply))
    thread.on('error', error => this.#lose(worker, error))
    thread.on('exit', () =>
      this.#lose(worker, new Error('the worker thread that received the attachment has ended')),
    )
    this.#workers.push(worker)
    return worker
  }

  #lose(worker: WorkerThread, error: unknown): void {
    const at = this.#workers.indexOf(worker)
    if (at >= 0) this.#workers.splice(at, 1)
    for (const entry of [...this.#jobs.values()]) {
      if (entry.worker === worker) entry.job.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
