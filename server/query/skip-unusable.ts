import { CouchError } from '../../protocol/errors.ts'

/** Called with a document that is passed over, and why. */
export type OnSkip = (id: string, error: Error) => void

/** Errors of the engine, which documents cause that are too deep or too large for it; what functions throw has others. */
const ENGINE_ERRORS = new Set(['InternalError', 'SyntaxError', 'RangeError'])

/** Text of a document that no function has reason to fail on in the engine: short, and nested little. */
const ORDINARY_LENGTH = 64 * 1024
const ORDINARY_DEPTH = 100

/** Returns whether a document is so short and flat that it is the function's fault if the engine fails on it. */
export function isOrdinary(text: string): boolean {
  if (text.length > ORDINARY_LENGTH) return false
  let depth = 0
  for (const [bracket] of text.replaceAll(STRING, '').matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1
    if (depth > ORDINARY_DEPTH) return false
  }
  return true
}

const STRING = /"(?:[^"\\]|\\.)*"/g

/**
 * Runs functions over documents together. Where the engine fails, the documents that it fails on are found by halving and
 * passed over, as CouchDB passes over a document whose map throws: one document must not end an index for ever.
 *
 * @param mayBlame returns false for a document on which the engine does not fail by itself. Default: all may be to blame.
 * @returns the result, and the documents that it is of
 * @throws what is no fault of one document: a timeout, a function that does not compile
 */
export async function skipUnusable<Item, Result>(
  items: readonly Item[],
  run: (items: readonly Item[]) => Promise<Result>,
  onUnusable: (item: Item, error: Error) => void,
  mayBlame: (item: Item) => boolean = () => true,
): Promise<{ used: readonly Item[]; result: Result }> {
  try {
    return { used: items, result: await run(items) }
  } catch (error) {
    if (!isEngineError(error) || !items.some(mayBlame)) throw error
  }
  const used = await usableOf(items, run, { onUnusable, mayBlame })
  return { used, result: await run(used) }
}

/** Of documents that the engine failed on together, those that it does not fail on. */
async function usableOf<Item>(
  items: readonly Item[],
  run: (items: readonly Item[]) => Promise<unknown>,
  options: {
    readonly onUnusable: (item: Item, error: Error) => void
    readonly mayBlame: (item: Item) => boolean
  },
): Promise<Item[]> {
  const { onUnusable, mayBlame } = options
  const middle = Math.ceil(items.length / 2)
  const usable: Item[] = []
  for (const half of [items.slice(0, middle), items.slice(middle)]) {
    if (half.length === 0) continue
    try {
      await run(half)
      usable.push(...half)
    } catch (error) {
      if (!isEngineError(error) || !half.some(mayBlame)) throw error
      if (half.length === 1) onUnusable(half[0]!, error)
      else usable.push(...(await usableOf(half, run, options)))
    }
  }
  return usable
}

/** Returns whether the engine failed on what it was given, and not a function. */
export function isEngineError(error: unknown): error is CouchError {
  return error instanceof CouchError && ENGINE_ERRORS.has(error.error)
}

/** The value of work that recurses over a document; undefined where that is too deep for the stack. */
export function unlessTooDeep<Result>(
  work: () => Result,
  onTooDeep: (error: RangeError) => void,
): Result | undefined {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    onTooDeep(error)
    return undefined
  }
}
