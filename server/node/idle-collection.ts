import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { collectForSize } from './heap-size.ts'

const INTERVAL_MS = 10_000
/** Share of an interval that an idle thread is at work, at most. */
const IDLE_UTILIZATION = 0.1
/** Growth of a thread's memory since the last collection that is worth another one. */
const WORTH_BYTES = 8 * 1024 * 1024
/** The collection of a larger heap would keep feeds waiting for longer than a heartbeat should. */
const MAX_HEAP_BYTES = 512 * 1024 * 1024

export interface IdleCollectionOptions {
  readonly intervalMs?: number
  readonly collect?: () => void
}

/**
 * Collects the garbage of this thread when it has become idle. V8 collects while memory is allocated: what a load leaves behind
 * would stay resident until the next one.
 *
 * @returns ends it
 */
export function collectWhenIdle(options: IdleCollectionOptions = {}): () => void {
  const { intervalMs = INTERVAL_MS, collect = makeCollector() } = options
  let utilization = performance.eventLoopUtilization()
  // What a thread needs to start is garbage by the first time that it is idle.
  let least = 0
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const isIdle = performance.eventLoopUtilization(now, utilization).utilization < IDLE_UTILIZATION
    utilization = now
    const held = heldBytes()
    if (least > 0) least = Math.min(least, held)
    if (!isIdle || held - least < WORTH_BYTES || held > MAX_HEAP_BYTES) return
    collectForSize(collect)
    least = heldBytes()
  }, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Bytes of V8's pages and of the buffers that JavaScript objects own. */
function heldBytes(): number {
  const { heapTotal, external } = process.memoryUsage()
  return heapTotal + external
}

/** V8 hands its collector out to contexts that are made while a flag is set. */
function makeCollector(): () => void {
  let collector: (() => void) | undefined
  return () => {
    if (collector === undefined) {
      setFlagsFromString('--expose-gc')
      collector = runInNewContext('gc') as () => void
      setFlagsFromString('--no-expose-gc')
    }
    collector()
  }
}
