import { fail } from '../errors.ts'
import { compilePattern, type Pattern } from './pcre/pcre.ts'
import type { Matching } from './pcre/run.ts'

/** Steps of matching in one go: some milliseconds. */
const TURN_STEPS = 100_000
/** Steps that all patterns of a selector compile to: some megabytes. */
const MAX_PROGRAM_STEPS = 200_000
/** The default of `[couchette] regex_step_limit`. */
export const DEFAULT_STEP_LIMIT = 100_000_000

type Known = Map<Pattern, Map<string, boolean>>

/** Thrown out of a selector's predicate by a match that takes longer than a turn of the event loop. */
class Pending {
  readonly pattern: Pattern
  readonly text: string
  readonly matching: Matching

  constructor(pattern: Pattern, text: string, matching: Matching) {
    this.pattern = pattern
    this.text = text
    this.matching = matching
  }
}

/** A selector's verdict that takes longer: to be resumed, in turns of some milliseconds, until it is there. */
export interface Suspended {
  /** @throws `bad_request` when the selector's steps are used up */
  resume(): boolean | Suspended
}

/** The patterns of one selector, which share a budget of steps. */
export class PatternMatches {
  /** The steps that are left; more than the last means an error. */
  stepsLeft = DEFAULT_STEP_LIMIT
  #turnLeft = 0
  #programSteps = 0
  #known: Known | undefined

  get hasPatterns(): boolean {
    return this.#programSteps > 0
  }

  /** Compiles a `$regex`. @throws `bad_request` where the selector's patterns are too large together */
  predicate(source: string): (text: string) => boolean {
    const pattern = compilePattern(source)
    if (pattern === undefined) return () => false
    this.#programSteps += pattern.size
    if (this.#programSteps > MAX_PROGRAM_STEPS) throw fail('patternsTooLarge')
    return text => this.#test(pattern, text)
  }

  /** Runs a predicate that holds patterns. */
  run(predicate: () => boolean, known?: Known): boolean | Suspended {
    this.#turnLeft = TURN_STEPS
    this.#known = known
    try {
      return predicate()
    } catch (thrown) {
      if (thrown instanceof Pending) return this.#suspend(predicate, thrown, known ?? (new Map() as Known))
      throw thrown
    } finally {
      this.#known = undefined
    }
  }

  #test(pattern: Pattern, text: string): boolean {
    const known = this.#known?.get(pattern)?.get(text)
    if (known !== undefined) return known
    const matching = pattern.matching(text)
    const result = this.#advance(matching)
    // Unwinds the predicate; run() catches it, and nobody else sees it.
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    if (result === undefined) throw new Pending(pattern, text, matching)
    if (this.#known !== undefined) remember(this.#known, pattern, text, result)
    return result
  }

  #suspend(predicate: () => boolean, pending: Pending, known: Known): Suspended {
    const suspended: Suspended = {
      resume: () => {
        this.#turnLeft = TURN_STEPS
        const result = this.#advance(pending.matching)
        if (result === undefined) return suspended
        remember(known, pending.pattern, pending.text, result)
        return this.run(predicate, known)
      },
    }
    return suspended
  }

  /** Goes on with a match until the turn is over; undefined where it is not done. */
  #advance(matching: Matching): boolean | undefined {
    while (this.#turnLeft > 0) {
      const { done, value } = matching.next()
      if (done === true) {
        this.#turnLeft--
        return value
      }
      this.#turnLeft -= value
      this.stepsLeft -= value
      if (this.stepsLeft < 0) throw fail('patternsTooSlow')
    }
    return undefined
  }
}

function remember(known: Known, pattern: Pattern, text: string, result: boolean): void {
  const texts = known.get(pattern)
  if (texts === undefined) known.set(pattern, new Map([[text, result]]))
  else texts.set(text, result)
}
