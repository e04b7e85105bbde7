import { setFlagsFromString } from 'node:v8'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

/** V8's flags that keep a heap small at the price of speed; V8 reads each of them whenever it comes to matter. */
const SMALL = ['--optimize-for-size', '--semi-space-growth-factor=1'] as const
/** V8's defaults of these. */
const NORMAL = ['--no-optimize-for-size', '--semi-space-growth-factor=2'] as const

/**
 * Keep V8 from optimizing code while the program is loaded: such code runs once, and the optimizer is large.
 * V8 optimizes what runs often after that.
 */
const LOADING = '--no-opt'
const LOADED = '--opt'

/** Under this name the threads of the process know whether heaps are to stay small: V8's flags are those of all threads. */
const KEY = 'couchette: heaps are small'

/** Keeps the heaps of all threads small from here on: the young generation does not grow, garbage is collected earlier. */
export function keepHeapsSmall(): void {
  setEnvironmentData(KEY, true)
  setAll([...SMALL, LOADED])
}

/** Keeps heaps small, and code as it is, until the program is loaded and {@link keepHeapsSmall} or {@link letHeapsGrow} is called. */
export function spareMemoryToLoad(): void {
  keepHeapsSmall()
  setFlagsFromString(LOADING)
}

/** Lets heaps grow again as V8 has it, where {@link keepHeapsSmall} was called before. */
export function letHeapsGrow(): void {
  if (!isSmall()) return
  setEnvironmentData(KEY, undefined)
  setAll([...NORMAL, LOADED])
}

/** Calls a function that collects garbage, with V8 giving back what it can, the pages of the young generation with it. */
export function collectForSize(collect: () => void): void {
  if (isSmall()) return collect()
  setFlagsFromString('--optimize-for-size')
  try {
    collect()
  } finally {
    setFlagsFromString('--no-optimize-for-size')
  }
}

function isSmall(): boolean {
  return getEnvironmentData(KEY) === true
}

function setAll(flags: readonly string[]): void {
  for (const flag of flags) setFlagsFromString(flag)
}
