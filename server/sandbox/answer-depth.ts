import { nestingOf } from '../../protocol/json/nesting.ts'

/** Containers within each other that code which recurses can always work with. */
const MAX_NESTING = 2000

/**
 * Refuses JSON text of a function that is nested too deeply.
 *
 * @throws Error
 */
export function checkDepth(json: string): void {
  // Every level takes two characters; most texts are shorter than that.
  if (json.length > 2 * MAX_NESTING && nestingOf(json) > MAX_NESTING)
    throw new Error(`what the function gave is nested more than ${MAX_NESTING} levels deep`)
}
