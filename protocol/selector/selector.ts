import { CouchError, fail } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../json-value.ts'
import { compileSelectorNode } from './compile.ts'
import { erlangText } from './erlang-text.ts'
import { isOperator, only } from './node.ts'
import { normalizeSelector } from './normalize.ts'
import { PatternMatches, type Suspended } from './pattern-matches.ts'

/** A Mango selector, checked and ready to run. */
export interface CompiledSelector {
  /** Returns whether a document, with its `_id` and `_rev`, is selected; what takes long can be resumed. */
  readonly matches: (document: JsonObject) => boolean | Suspended
  /** Gives the patterns so many steps from now on, of which some thousand are a millisecond. */
  readonly limitSteps: (steps: number) => void
  readonly hasPatterns: boolean
  /** The fields that it looks at, as in "a.b", in order of appearance. */
  readonly fields: readonly string[]
  /** The normal form, as `_explain` shows it. */
  readonly normalized: JsonObject
}

/**
 * Checks and compiles a Mango selector.
 *
 * @throws `invalid_selector_json`, `bad_arg`, `invalid_operator`, `not_supported`, `bad_field`, `invalid_selector`,
 *   `invalid_field_name`, all 400
 */
export function compileSelector(selector: unknown): CompiledSelector {
  if (!isJsonObject(selector)) throw fail('selectorNotObject', erlangText((selector ?? null) as never))
  const normalized = normalizeSelector(selector)
  return {
    ...compileNormalized(normalized),
    fields: fieldsOf(normalized),
    normalized,
  }
}

function compileNormalized(
  normalized: JsonObject,
): Pick<CompiledSelector, 'matches' | 'limitSteps' | 'hasPatterns'> {
  const isEmpty = Object.keys(normalized).length === 0
  if (isEmpty) return { matches: () => true, limitSteps: () => undefined, hasPatterns: false }
  const patterns = new PatternMatches()
  const predicate = compileSelectorNode(normalized, patterns)
  const { hasPatterns, maySuspend } = patterns
  return {
    matches: maySuspend ? document => patterns.run(() => predicate(document)) : predicate,
    limitSteps: steps => {
      patterns.stepsLeft = steps
    },
    hasPatterns,
  }
}

/**
 * Compiles the selector of a feed (`filter=_selector`) or of a replication: its errors are `bad_request`.
 * (CouchDB: couch_changes:configure_filter/4)
 */
export function compileFeedSelector(selector: unknown): CompiledSelector {
  if (!isJsonObject(selector)) throw fail('badRequest', 'Selector error: expected a JSON object')
  try {
    return compileSelector(selector)
  } catch (error) {
    throw error instanceof CouchError ? fail('badRequest', error.reason) : error
  }
}

function fieldsOf(selector: JsonObject): string[] {
  const fields: string[] = []
  const collect = (node: JsonObject): void => {
    if (Object.keys(node).length === 0) return
    const [name, operand] = only(node)
    if (!isOperator(name)) fields.push(name)
    else if (Array.isArray(operand)) for (const argument of operand) collect(argument as JsonObject)
  }
  collect(selector)
  return fields
}
