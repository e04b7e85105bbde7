import { Engine, EngineFailure, type Exchange } from './engine.ts'
import { guestSource } from './guest-source.ts'
import type { EngineSetup, EngineCommand, WorkerOptions, WorkerOutcome, WorkerReply } from './messages.ts'
import { packRows } from './pack-rows.ts'
import { SourcePreparer } from './source-preparer.ts'
import { EngineModules, INITIAL_BYTES } from './variant.ts'

const MAX_ENGINES = 8
/** Part of the initial memory that an engine at rest has touched, about. */
const RESTING_BYTES = 4 * 1024 * 1024

/**
 * The engines of one worker, those that were used last. Each has a WebAssembly memory of its own, which is bounded, does
 * not shrink, and is freed with the engine: one that has grown beyond the bound of all is not kept.
 */
export class EngineCache {
  readonly #options: WorkerOptions
  readonly #exchange: Exchange
  readonly #modules: EngineModules
  readonly #preparer: SourcePreparer
  readonly #engines = new Map<string, Engine>()

  constructor(options: WorkerOptions, exchange: Exchange) {
    this.#exchange = exchange
    this.#options = options
    this.#modules = new EngineModules(options.limits.memoryBytes)
    this.#preparer = new SourcePreparer(this.#modules)
  }

  async run(job: EngineCommand): Promise<WorkerReply> {
    if (job.language === 'coffeescript') await this.#preparer.readyCoffeeScript()
    const engine = await this.#engine(job)
    if (engine === undefined) return this.#reply(job, { kind: 'unprepared' }, [])
    const outcome = this.#attempt(() => this.#work(engine, job))
    const log = engine.takeLog()
    if (job.isOnce === true || mustGo(outcome)) this.#engines.delete(job.key)
    this.#evict()
    return this.#reply(job, outcome, log)
  }

  /** The engine of the job, made ready if need be; undefined where it is not here and the job does not say how. */
  async #engine(job: EngineCommand): Promise<Engine | undefined> {
    const known = this.#engines.get(job.key)
    if (known !== undefined) {
      // Back to the end of those that may be dropped.
      this.#engines.delete(job.key)
      this.#engines.set(job.key, known)
      return known
    }
    if (job.setup === undefined) return undefined
    const engine = new Engine(await this.#modules.make(), this.#options.limits, {
      progress: new Int32Array(this.#options.progress),
      exchange: this.#exchange,
      prepare: this.#preparer.prepare,
      guest: await guestSource(),
    })
    this.#engines.set(job.key, engine)
    return engine
  }

  #work(engine: Engine, job: EngineCommand): WorkerOutcome {
    if (job.setup !== undefined) {
      const refused = this.#prepare(engine, job.setup, job.timeoutMs)
      if (refused !== undefined) return { kind: 'answer', text: refused }
    }
    const text = engine.call(job.command, job.args, job.timeoutMs)
    if (job.storage === undefined || text.startsWith('-')) return { kind: 'answer', text }
    return {
      kind: 'rows',
      rows: packRows([...engine.takeGiven(), text.slice(1)], job.storage, () => engine.showProgress()),
    }
  }

  /** The error of the setup, if it has one. */
  #prepare(engine: Engine, setup: EngineSetup, timeoutMs: number): string | undefined {
    const text = engine.call(setup.command, setup.args, timeoutMs)
    return text.startsWith('-') ? text : undefined
  }

  #attempt(work: () => WorkerOutcome): WorkerOutcome {
    try {
      return work()
    } catch (error) {
      if (error instanceof EngineFailure)
        return { kind: 'failure', cause: error.kind, message: error.message }
      // The engine itself fell over, out of stack or memory. It has its module for itself.
      const message = error instanceof Error ? error.message : String(error)
      return { kind: 'failure', cause: 'memory', message }
    }
  }

  /** Drops the engines that were not used for longest, until the others fit. */
  #evict(): void {
    let bytes = 0
    for (const { memoryBytes } of this.#engines.values()) bytes += restingBytes(memoryBytes)
    for (const [key, { memoryBytes }] of this.#engines) {
      if (this.#engines.size <= MAX_ENGINES && bytes <= this.#options.limits.memoryBytes / 2) return
      this.#engines.delete(key)
      bytes -= restingBytes(memoryBytes)
    }
  }

  #reply(job: EngineCommand, outcome: WorkerOutcome, log: readonly string[]): WorkerReply {
    return { id: job.id, outcome, log }
  }
}

function restingBytes(memoryBytes: number): number {
  return memoryBytes - INITIAL_BYTES + RESTING_BYTES
}

/** An engine is not used again after it failed, nor when its setup was refused or its memory is full. */
function mustGo(outcome: WorkerOutcome): boolean {
  if (outcome.kind === 'failure') return true
  return outcome.kind === 'answer' && /^-\["error","(?:InternalError|compilation_error)"/.test(outcome.text)
}
