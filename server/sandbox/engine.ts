import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten'
import { CallClock } from './call-clock.ts'
import type { SandboxLimits } from './limits.ts'
import { ProgressCounter, type FailureCause } from './messages.ts'
import type { PrepareFunction } from './source-preparer.ts'
import type { EngineModule } from './variant.ts'
import type { WasmMemory } from './wasm-memory.ts'

const MAX_LOG_LINES = 100
const MAX_LOG_LENGTH = 2000
/** The characters that one call may give away: the host's memory is bounded like the engine's. */
const MAX_GIVEN_LENGTH = 128 * 1024 * 1024

/** Hands over what a function says and gives the answer, in the same turn; undefined ends the job. */
export type Exchange = (said: string) => string | undefined

/** The engine cannot go on: out of time, or of memory. It is not used again. */
export class EngineFailure extends Error {
  readonly kind: FailureCause

  constructor(kind: FailureCause, message: string) {
    super(message)
    this.kind = kind
  }
}

/**
 * One QuickJS runtime with the guest program in it. Functions in it see nothing of the host but a line of log, and what
 * it is given to talk to: no network, no files, no timers, no clock finer than `Date`.
 */
export class Engine {
  readonly #runtime: QuickJSRuntime
  readonly #context: QuickJSContext
  readonly #dispatch: QuickJSHandle
  readonly #progress: Int32Array
  readonly #exchange: Exchange
  readonly #prepareFunction: PrepareFunction
  readonly #memory: WasmMemory
  readonly #clock = new CallClock(() => this.showProgress())
  #timeoutMs = 0
  /** Why the call is to end, though the guest may not have noticed. */
  #stop: EngineFailure | undefined
  #lines: string[] = []
  #given: string[] = []
  #givenLength = 0

  /**
   * @param host.progress see Progress
   * @param host.guest the program, see guestSource
   */
  constructor(
    { quickjs, memory }: EngineModule,
    limits: SandboxLimits,
    host: { progress: Int32Array; exchange: Exchange; prepare: PrepareFunction; guest: string },
  ) {
    this.#progress = host.progress
    this.#exchange = host.exchange
    this.#prepareFunction = host.prepare
    this.#memory = memory
    this.#runtime = quickjs.newRuntime({
      memoryLimitBytes: limits.memoryBytes,
      maxStackSizeBytes: limits.stackBytes,
      interruptHandler: () => this.#stop !== undefined || this.#clock.isOver,
    })
    this.#context = this.#runtime.newContext()
    this.#dispatch = this.#start(host.guest)
  }

  /** The size of its memory, which is freed with the engine. */
  get memoryBytes(): number {
    return this.#memory.buffer.byteLength
  }

  /** The lines that were logged since the last call of this. */
  takeLog(): string[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  /** Returns, and forgets, the texts that the last call handed over in front of its answer. */
  takeGiven(): string[] {
    const given = this.#given
    this.#forgetGiven()
    return given
  }

  /**
   * Runs a command of the guest.
   *
   * @param args JSON text
   * @param timeoutMs for each call of a function in it
   * @returns the guest's answer, see GuestDispatch
   * @throws EngineFailure
   */
  call(command: string, args: string, timeoutMs: number): string {
    const context = this.#context
    const [name, text] = [context.newString(command), context.newString(args)]
    this.#timeoutMs = timeoutMs
    this.#stop = undefined
    this.#forgetGiven()
    this.#tick()
    try {
      const result = context.callFunction(this.#dispatch, context.undefined, name, text)
      if (result.error !== undefined) throw this.#failure(result.error)
      const answer = this.#textOf(result.value)
      result.value.dispose()
      this.#throwIfStopped()
      return answer
    } finally {
      this.#clock.end()
      name.dispose()
      text.dispose()
    }
  }

  /** Says that the thread gets on, though no function is called. */
  showProgress(): void {
    Atomics.add(this.#progress, ProgressCounter.calls, 1)
  }

  #start(guest: string): QuickJSHandle {
    const context = this.#context
    const log = context.newFunction('log', message => this.#log(context.getString(message)))
    const tick = context.newFunction('tick', () => this.#tick())
    const give = context.newFunction('give', part => this.#give(this.#textOf(part)))
    const exchange = context.newFunction('exchange', said => context.newString(this.#ask(this.#textOf(said))))
    const prepare = context.newFunction('prepare', (source, language) =>
      context.newString(this.#prepare(this.#textOf(source), context.getString(language))),
    )
    const make = context.unwrapResult(context.evalCode(guest, 'guest.js'))
    const dispatch = context.unwrapResult(
      context.callFunction(make, context.undefined, log, tick, give, exchange, prepare),
    )
    for (const handle of [log, tick, give, exchange, prepare, make]) handle.dispose()
    return dispatch
  }

  #throwIfStopped(): void {
    if (this.#stop !== undefined) throw this.#stop
  }

  #give(part: string): void {
    this.#given.push(part)
    this.#givenLength += part.length
    if (this.#givenLength > MAX_GIVEN_LENGTH)
      throw (this.#stop = new EngineFailure('memory', 'out of memory'))
  }

  #forgetGiven(): void {
    this.#given = []
    this.#givenLength = 0
  }

  /** JSON of a PreparedSource, or of why there is none. Compilers have a time of their own. */
  #prepare(source: string, language: string): string {
    this.#clock.end()
    this.showProgress()
    try {
      return JSON.stringify(this.#prepareFunction(source, language, this.#timeoutMs))
    } catch (error) {
      return JSON.stringify({ error: (error as Error).message })
    } finally {
      this.#tick()
    }
  }

  /** A function that waits uses up no time. */
  #ask(said: string): string {
    this.#clock.end()
    const heard = this.#exchange(said)
    this.#tick()
    if (heard !== undefined) return heard
    throw (this.#stop = new EngineFailure('stopped', 'stopped'))
  }

  /** Reads a text of the guest. None is empty: an empty one means that the engine had no memory to hand it over. */
  #textOf(handle: QuickJSHandle): string {
    const text = this.#context.getString(handle)
    if (text !== '') return text
    throw (this.#stop = new EngineFailure('memory', 'out of memory'))
  }

  #tick(): void {
    this.showProgress()
    this.#clock.begin(this.#timeoutMs)
  }

  #log(message: string): void {
    if (this.#lines.length < MAX_LOG_LINES) this.#lines.push(message.slice(0, MAX_LOG_LENGTH))
  }

  #failure(error: QuickJSHandle): EngineFailure {
    const thrown = this.#context.dump(error) as { message?: unknown } | null
    error.dispose()
    if (this.#stop !== undefined) return this.#stop
    if (this.#clock.isOver) return new EngineFailure('timeout', 'OS process timed out.')
    const message = typeof thrown?.message === 'string' ? thrown.message : 'out of memory'
    return new EngineFailure('memory', message)
  }
}
