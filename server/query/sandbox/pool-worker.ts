import type { Worker } from 'node:worker_threads'
import { startThread } from '../../start-thread.ts'
import type { SandboxLimits } from './limits.ts'
import type { WorkerJob, WorkerOptions, WorkerReply } from './messages.ts'

/** What a worker gets beyond the time of a call, for what the engine itself cannot interrupt. */
const GRACE_MS = 2000
/** How long a thread may take to be there. */
const START_MS = 60_000
const STACK_MB = 8

/** Why a worker is gone. */
export type WorkerEnd = 'stuck' | 'died'

export interface PoolWorkerEvents {
  onReply(worker: PoolWorker, reply: WorkerReply): void
  /** The worker ended while it had a job, or for no reason of ours. */
  onEnd(worker: PoolWorker, end: WorkerEnd): void
}

/** A thread with engines, and the watch over it: one that makes no progress is ended, whatever it does. */
export class PoolWorker {
  readonly #thread: Worker
  readonly #progress = new Int32Array(new SharedArrayBuffer(4))
  readonly #events: PoolWorkerEvents
  /** The engines that it should have. */
  readonly prepared = new Set<string>()
  #watch: NodeJS.Timeout | undefined
  #lastProgress = 0
  readonly #begun = performance.now()
  #hasEnded = false

  constructor(limits: SandboxLimits, events: PoolWorkerEvents) {
    this.#events = events
    const workerData: WorkerOptions = { limits, progress: this.#progress.buffer }
    this.#thread = startThread('./worker', import.meta.url, {
      workerData,
      env: {},
      resourceLimits: { stackSizeMb: STACK_MB },
    })
    this.#thread.unref()
    this.#thread.on('message', (reply: WorkerReply) => {
      this.#stopWatch()
      this.#events.onReply(this, reply)
    })
    this.#thread.on('error', () => this.#end('died'))
    this.#thread.on('exit', () => this.#end('died'))
  }

  send(job: WorkerJob): void {
    this.#startWatch(job.timeoutMs)
    this.#thread.postMessage(job)
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#hasEnded = true
    this.#stopWatch()
    await this.#thread.terminate()
  }

  #startWatch(timeoutMs: number): void {
    this.#thread.ref()
    this.#lastProgress = Atomics.load(this.#progress, 0)
    this.#watch = setInterval(() => {
      const progress = Atomics.load(this.#progress, 0)
      const isStarting = progress === 0 && performance.now() - this.#begun < START_MS
      if (progress === this.#lastProgress && !isStarting) this.#end('stuck')
      this.#lastProgress = progress
    }, timeoutMs + GRACE_MS)
  }

  #stopWatch(): void {
    clearInterval(this.#watch)
    this.#thread.unref()
  }

  #end(end: WorkerEnd): void {
    if (this.#hasEnded) return
    void this.close()
    this.#events.onEnd(this, end)
  }
}
