import { statfs } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

const RESOLUTION_MS = 20
const WINDOW_MS = 10_000

/** Maximum lateness of the event loop, in milliseconds, over the last ten to twenty seconds. */
export interface EventLoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Health of the process and its disk, for values that CouchDB's `_system` has no member for. */
export interface HealthReport {
  readonly event_loop_delay_ms: EventLoopDelay
  readonly memory: { readonly resident: number; readonly heap_used: number; readonly heap_limit: number }
  /** Of the file system that holds the data, in bytes; null where the system does not tell. */
  readonly disk: { readonly total: number; readonly free: number } | null
}

/** Watches the event loop while the server runs. */
export class NodeHealth {
  readonly #directory: string
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #timer: NodeJS.Timeout
  #previous: EventLoopDelay = { p50: 0, p99: 0, max: 0 }

  /** @param directory where the data is */
  constructor(directory: string) {
    this.#directory = directory
    this.#histogram.enable()
    this.#timer = setInterval(() => this.#turn(), WINDOW_MS)
    this.#timer.unref()
  }

  async read(): Promise<HealthReport> {
    const { rss, heapUsed } = process.memoryUsage()
    const current = this.#current()
    const delay = this.#previous
    return {
      event_loop_delay_ms: {
        p50: Math.max(current.p50, delay.p50),
        p99: Math.max(current.p99, delay.p99),
        max: Math.max(current.max, delay.max),
      },
      memory: { resident: rss, heap_used: heapUsed, heap_limit: getHeapStatistics().heap_size_limit },
      disk: await diskOf(this.#directory),
    }
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer)
    this.#histogram.disable()
  }

  #turn(): void {
    this.#previous = this.#current()
    this.#histogram.reset()
  }

  /** The histogram measures whole intervals; what is longer than its resolution is the delay. */
  #current(): EventLoopDelay {
    const late = (nanoseconds: number): number =>
      Number.isFinite(nanoseconds) ? Math.max(0, Math.round(nanoseconds / 1e4) / 100 - RESOLUTION_MS) : 0
    if (this.#histogram.count === 0) return { p50: 0, p99: 0, max: 0 }
    return {
      p50: late(this.#histogram.percentile(50)),
      p99: late(this.#histogram.percentile(99)),
      max: late(this.#histogram.max),
    }
  }
}

async function diskOf(directory: string): Promise<HealthReport['disk']> {
  try {
    const { bsize, blocks, bavail } = await statfs(directory)
    return { total: bsize * blocks, free: bsize * bavail }
  } catch {
    return null
  }
}
