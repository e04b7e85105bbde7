import { childOf } from '../wait.ts'

/** Calls `work` with every item, at most `parallel` at a time; the first failure stops the others and is thrown. */
export async function eachOf<T>(
  items: readonly T[],
  parallel: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  using part = childOf(signal)
  const rest = items.values()
  const failures: unknown[] = []
  const one = async (): Promise<void> => {
    for (const item of rest) {
      if (part.signal.aborted) return
      try {
        await work(item, part.signal)
      } catch (error) {
        failures.push(error)
        part.abort(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, one))
  if (failures.length > 0) throw failures[0]
  signal.throwIfAborted()
}
