import type { Worker } from 'node:worker_threads'
import { startThread } from '../concurrency/start-thread.ts'
import type { SandboxLimits } from './limits.ts'
import {
  ProgressCounter,
  type WorkerAnswer,
  type EngineCommand,
  type WorkerOptions,
  type WorkerQuestion,
  type WorkerReply,
} from './messages.ts'

/** Time beyond that of a call after which a worker is ended whose engine cannot interrupt itself. */
const GRACE_MS = 2000
/** Longest time for a thread to start. */
const START_MS = 60_000
const STACK_MB = 8
/** For texts on their way into the engine and out of it. */
const HEAP_MB = 768
/** Texts are longer than the objects of a young generation: V8's default of 48 MB would stay resident in each worker. */
const YOUNG_HEAP_MB = 12

/** Why a worker is gone. */
export type WorkerEnd = 'stuck' | 'died'

export interface PoolWorkerEvents {
  onReply(worker: PoolWorker, reply: WorkerReply): void
  /** The worker stands still until it gets an answer. */
  onQuestion(worker: PoolWorker, said: string): void
  /** The worker ended while it had a job, or for no reason of ours. */
  onEnd(worker: PoolWorker, end: WorkerEnd): void
}

/** A thread with engines, and the watch over it: one that makes no progress is ended, whatever it does. */
export class PoolWorker {
  readonly #thread: Worker
  readonly #progress = new Int32Array(new SharedArrayBuffer(8))
  readonly #events: PoolWorkerEvents
  /** The engines that it should have. */
  readonly prepared = new Set<string>()
  /** Time at which it got its last job, by `performance.now()`. */
  lastUse = 0
  #watch: NodeJS.Timeout | undefined
  #lastProgress = 0
  #timeoutMs = 0
  readonly #begun = performance.now()
  #hasEnded = false

  constructor(limits: SandboxLimits, events: PoolWorkerEvents) {
    this.#events = events
    const workerData: WorkerOptions = { limits, progress: this.#progress.buffer }
    this.#thread = startThread('./worker', import.meta.url, {
      workerData,
      env: {},
      resourceLimits: {
        stackSizeMb: STACK_MB,
        maxOldGenerationSizeMb: HEAP_MB,
        maxYoungGenerationSizeMb: YOUNG_HEAP_MB,
      },
    })
    this.#thread.unref()
    this.#thread.on('message', (message: WorkerReply | WorkerQuestion) => {
      this.#stopWatch()
      if ('said' in message) this.#events.onQuestion(this, message.said)
      else this.#events.onReply(this, message)
    })
    this.#thread.on('error', () => this.#end('died'))
    this.#thread.on('exit', () => this.#end('died'))
  }

  send(job: EngineCommand): void {
    this.lastUse = performance.now()
    this.#timeoutMs = job.timeoutMs
    this.#startWatch()
    this.#thread.postMessage(job)
  }

  /** Answers a question; undefined ends the job that asked. */
  answer(heard: string | undefined): void {
    if (this.#hasEnded) return
    this.#startWatch()
    this.#thread.postMessage({ heard } satisfies WorkerAnswer)
    Atomics.add(this.#progress, ProgressCounter.answers, 1)
    Atomics.notify(this.#progress, ProgressCounter.answers)
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#hasEnded = true
    this.#stopWatch()
    await this.#thread.terminate()
  }

  #startWatch(): void {
    this.#thread.ref()
    this.#lastProgress = Atomics.load(this.#progress, ProgressCounter.calls)
    this.#watch = setInterval(() => {
      const progress = Atomics.load(this.#progress, ProgressCounter.calls)
      const isStarting = progress === 0 && performance.now() - this.#begun < START_MS
      if (progress === this.#lastProgress && !isStarting) this.#end('stuck')
      this.#lastProgress = progress
    }, this.#timeoutMs + GRACE_MS)
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
