import type { QuickJSWASMModule } from 'quickjs-emscripten'
import { Engine, EngineFailure, type Exchange } from './engine.ts'
import type { EngineSetup, WorkerJob, WorkerOptions, WorkerOutcome, WorkerReply } from './messages.ts'
import { packRows } from './pack-rows.ts'

/** Each engine has an arena of its own in the worker's memory, which does not shrink. */
const MAX_ENGINES = 12

/** The engines of one worker, those that were used last. */
export class EngineHouse {
  readonly #module: QuickJSWASMModule
  readonly #options: WorkerOptions
  readonly #exchange: Exchange
  readonly #engines = new Map<string, Engine>()
  #broken = false

  constructor(module: QuickJSWASMModule, options: WorkerOptions, exchange: Exchange) {
    this.#exchange = exchange
    this.#module = module
    this.#options = options
  }

  run(job: WorkerJob): WorkerReply {
    const engine = this.#engine(job)
    if (engine === undefined) return this.#reply(job, { kind: 'unprepared' }, [])
    const outcome = this.#attempt(() => this.#work(engine, job))
    const log = engine.takeLog()
    if (mustGo(outcome)) this.#drop(job.key)
    return this.#reply(job, outcome, log)
  }

  /** The engine of the job, made ready if need be; undefined where it is not here and the job does not say how. */
  #engine(job: WorkerJob): Engine | undefined {
    const known = this.#engines.get(job.key)
    if (known !== undefined) {
      // Back to the end of those that may be dropped.
      this.#engines.delete(job.key)
      this.#engines.set(job.key, known)
      return known
    }
    if (job.setup === undefined) return undefined
    const [oldest] = this.#engines.keys()
    if (this.#engines.size >= MAX_ENGINES && oldest !== undefined) this.#drop(oldest)
    const progress = new Int32Array(this.#options.progress)
    const engine = new Engine(this.#module, this.#options.limits, { progress, exchange: this.#exchange })
    this.#engines.set(job.key, engine)
    return engine
  }

  #work(engine: Engine, job: WorkerJob): WorkerOutcome {
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
      // The engine itself fell over, out of stack or memory: nothing in its module can be relied on.
      this.#broken = true
      return {
        kind: 'failure',
        cause: 'memory',
        message: error instanceof Error ? error.message : String(error),
      }
    }
  }

  #drop(key: string): void {
    const engine = this.#engines.get(key)
    this.#engines.delete(key)
    if (this.#broken) return
    try {
      engine?.dispose()
    } catch {
      this.#broken = true
    }
  }

  #reply(job: WorkerJob, outcome: WorkerOutcome, log: readonly string[]): WorkerReply {
    return { id: job.id, outcome, log, broken: this.#broken }
  }
}

/** An engine is not used again after it failed, nor when its setup was refused or its memory is full. */
function mustGo(outcome: WorkerOutcome): boolean {
  if (outcome.kind === 'failure') return true
  return outcome.kind === 'answer' && /^-\["error","(?:InternalError|compilation_error)"/.test(outcome.text)
}
