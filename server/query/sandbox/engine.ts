import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from 'quickjs-emscripten'
import { CallClock } from './call-clock.ts'
import { GUEST_SOURCE } from './guest-source.ts'
import type { SandboxLimits } from './limits.ts'
import { Progress, type FailureCause } from './messages.ts'

const MAX_LOG_LINES = 100
const MAX_LOG_LENGTH = 2000

/** Hands over what a function says and gives the answer, in the same turn; undefined ends the job. */
export type Exchange = (said: string) => string | undefined

/** The engine cannot go on: out of time, or of memory. It is to be disposed of. */
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
  readonly #clock = new CallClock(() => this.showProgress())
  #timeoutMs = 0
  /** Why the call is to end, though the guest may not have noticed. */
  #stop: EngineFailure | undefined
  #lines: string[] = []
  #given: string[] = []

  /** @param host.progress see Progress */
  constructor(
    module: QuickJSWASMModule,
    limits: SandboxLimits,
    host: { progress: Int32Array; exchange: Exchange },
  ) {
    this.#progress = host.progress
    this.#exchange = host.exchange
    this.#runtime = module.newRuntime({
      memoryLimitBytes: limits.memoryBytes,
      maxStackSizeBytes: limits.stackBytes,
      interruptHandler: () => this.#stop !== undefined || this.#clock.isOver,
    })
    this.#context = this.#runtime.newContext()
    this.#dispatch = this.#start()
  }

  /** The lines that were logged since the last call of this. */
  takeLog(): string[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  /** What the last call gave away besides its answer, in front of it. */
  takeGiven(): string[] {
    const given = this.#given
    this.#given = []
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
    this.#given = []
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
    Atomics.add(this.#progress, Progress.calls, 1)
  }

  /** An engine that ran out of memory may not be able to clean up; its module then is to be given up. */
  dispose(): void {
    this.#dispatch.dispose()
    this.#context.dispose()
    this.#runtime.dispose()
  }

  #start(): QuickJSHandle {
    const context = this.#context
    const log = context.newFunction('log', message => this.#log(context.getString(message)))
    const tick = context.newFunction('tick', () => this.#tick())
    const give = context.newFunction('give', part => void this.#given.push(this.#textOf(part)))
    const exchange = context.newFunction('exchange', said => context.newString(this.#ask(this.#textOf(said))))
    const make = context.unwrapResult(context.evalCode(GUEST_SOURCE, 'guest.js'))
    const dispatch = context.unwrapResult(
      context.callFunction(make, context.undefined, log, tick, give, exchange),
    )
    for (const handle of [log, tick, give, exchange, make]) handle.dispose()
    return dispatch
  }

  #throwIfStopped(): void {
    if (this.#stop !== undefined) throw this.#stop
  }

  /** A function that waits uses up no time. */
  #ask(said: string): string {
    this.#clock.end()
    const heard = this.#exchange(said)
    this.#tick()
    if (heard !== undefined) return heard
    throw (this.#stop = new EngineFailure('stopped', 'stopped'))
  }

  /** What the guest says is never empty; where there is no memory to hand it over the engine says that it is. */
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
