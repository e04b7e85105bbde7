import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '../contract.ts'
import type { Disk, Evidence, StoreLog } from './disk.ts'
import type { StoreHealth } from './store-health.ts'
import { causeOf, isDiskFullError } from './write-failure.ts'

export interface ReopeningOptions {
  /** Milliseconds before the first attempt; doubled for each further one. Default 100. */
  readonly firstWaitMs?: number
  /** Milliseconds between attempts at most. Default 5000. */
  readonly maxWaitMs?: () => number
  /** Milliseconds that readers are given to finish before the store is closed. Default 1000. */
  readonly readersWaitMs?: number
}

/** The store that is closed and opened again. */
export interface ReopeningHost {
  readonly health: StoreHealth
  readonly current: Store | undefined
  readonly acknowledged: number
  readonly readers: number
  closeCurrent(): Promise<void>
  use(store: Store): Promise<number>
}

const READERS_LOOK_MS = 10
const INSPECTIONS = 3

/** Closes a store whose write failed, opens it again as soon as the disk lets it, and proves that nothing is missing. */
export class Reopening {
  readonly #disk: Disk
  readonly #log: StoreLog
  readonly #host: ReopeningHost
  readonly #options: ReopeningOptions
  readonly #closing = new AbortController()
  #running: Promise<unknown> | undefined
  #evidence: Evidence | undefined

  constructor(parts: { disk: Disk; log: StoreLog; host: ReopeningHost; options: ReopeningOptions }) {
    this.#disk = parts.disk
    this.#log = parts.log
    this.#host = parts.host
    this.#options = parts.options
  }

  /** Begins, in the background; from here on the store takes no writes. */
  begin(error: unknown, isDiskFull: boolean): void {
    const { health } = this.#host
    if (health.state !== 'healthy') return
    const cause = causeOf(error)
    health.change(
      'failed',
      `Writes are refused: a write to the store in ${this.#disk.place} failed (${cause}). ` +
        'It is opened again as soon as the disk takes writes.',
      isDiskFull,
    )
    this.#log.error(health.reason ?? cause)
    this.#running = Promise.all([this.#running, this.#run()])
  }

  /** Ends attempts. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { firstWaitMs = 100, maxWaitMs = () => 5000 } = this.#options
    let waitMs = firstWaitMs
    while (await this.#wait(Math.min(waitMs, maxWaitMs()))) {
      waitMs *= 2
      try {
        if (await this.#attempt()) return
      } catch (error) {
        this.#explain(error)
      }
    }
  }

  /** @returns whether it is over, well or not */
  async #attempt(): Promise<boolean> {
    const { health } = this.#host
    if (health.state === 'failed') {
      await this.#disk.probe()
      const missing = await this.#missingFromLogs()
      if (missing !== undefined) return this.#stop(missing)
      this.#evidence ??= await this.#disk.keepEvidence()
      await this.#letReadersFinish()
      health.change('reopening')
      await health.onClosing?.()
      await this.#host.closeCurrent()
    }
    const { acknowledged } = this.#host
    const mark = await this.#host.use(await this.#disk.open())
    if (mark < acknowledged)
      return this.#stop(`it holds batch ${mark}, and batch ${acknowledged} was acknowledged`)
    health.change('healthy')
    await this.#evidence?.remove().catch(() => undefined)
    this.#evidence = undefined
    this.#log.warn(`The store in ${this.#disk.place} was opened again; all acknowledged writes are there.`)
    await this.#announce()
    return true
  }

  async #announce(): Promise<void> {
    try {
      await this.#host.health.announceReopened()
    } catch (error) {
      this.#stop(causeOf(error))
    }
  }

  /**
   * Returns a phrase that says what opening the store again would lose; undefined for nothing. LevelDB may move its logs
   * while they are read, so a bad result is checked once more.
   */
  async #missingFromLogs(): Promise<string | undefined> {
    const { acknowledged } = this.#host
    for (let attempt = 1; ; attempt++) {
      const { damage, mark } = await this.#disk.inspect()
      const missing =
        damage ??
        (mark !== undefined && mark < acknowledged
          ? `its log ends with batch ${mark}, and batch ${acknowledged} was acknowledged`
          : undefined)
      if (missing === undefined || attempt === INSPECTIONS) return missing
      await delay(READERS_LOOK_MS)
    }
  }

  #stop(missing: string): true {
    const { health } = this.#host
    const wasOpened = health.state !== 'failed'
    health.change(
      'stopped',
      `Writes are refused: acknowledged writes ${wasOpened ? 'are missing from' : 'would be lost by opening'} ` +
        `the store in ${this.#disk.place}: ${missing}. What can be read is served: replicate it to another server` +
        (this.#evidence === undefined ? '.' : `, and keep the logs in ${this.#evidence.path}.`),
    )
    this.#log.error(health.reason ?? missing)
    return true
  }

  async #letReadersFinish(): Promise<void> {
    const { readersWaitMs = 1000 } = this.#options
    const end = performance.now() + readersWaitMs
    while (this.#host.readers > 0 && performance.now() < end) await delay(READERS_LOOK_MS)
  }

  #explain(error: unknown): void {
    const { health } = this.#host
    const isDiskFull = isDiskFullError(error)
    health.explain(
      isDiskFull
        ? `Writes are refused: there is no room on the disk for opening the store in ${this.#disk.place} again.`
        : `Writes are refused: the store in ${this.#disk.place} cannot be opened again yet (${causeOf(error)}).`,
      isDiskFull,
    )
    this.#log.error(health.reason ?? '')
  }

  async #wait(ms: number): Promise<boolean> {
    const { signal } = this.#closing
    await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
    return !signal.aborted
  }
}
