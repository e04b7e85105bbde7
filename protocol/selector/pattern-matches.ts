import { fail } from '../errors.ts'
import type { JsonValue } from '../json-value.ts'
import { compilePattern, type Pattern } from './pcre/pcre.ts'
import type { Matching } from './pcre/run.ts'

/** Steps of matching in one go: some milliseconds. */
const TURN_STEPS = 100_000
/** Steps that all patterns of a selector compile to: some megabytes. */
const MAX_PROGRAM_STEPS = 200_000
/** The default of `[couchette] regex_step_limit`. */
export const DEFAULT_STEP_LIMIT = 100_000_000

/** Outcomes of one verdict that was interrupted. */
interface Known {
  readonly texts: Map<Pattern, Map<string, boolean>>
  /** Places of loops over the values of an array or object. */
  readonly places: Map<object, WeakMap<object, Place>>
}

/** Elements that were looked at, and whether one of them was it; undefined while others are left. */
interface Place {
  readonly index: number
  readonly found: boolean | undefined
}

/** Thrown out of a selector's predicate by a loop over the elements of a document whose turn is over. */
class Interrupted {}

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

/** The patterns and loops of one selector; the patterns share a budget of steps. */
export class PatternMatches {
  /** The steps that are left; more than the last means an error. */
  stepsLeft = DEFAULT_STEP_LIMIT
  #turnLeft = 0
  #programSteps = 0
  #known: Known | undefined
  #hasLoops = false

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

  /** True if a verdict may take long. */
  get maySuspend(): boolean {
    return this.hasPatterns || this.#hasLoops
  }

  /** Makes a loop, which ends with the first element that a test holds for, and gives way to others where it takes long. */
  loop(): (
    subject: object,
    elements: readonly JsonValue[],
    test: (element: JsonValue) => boolean,
  ) => boolean {
    const loop = {}
    this.#hasLoops = true
    return (subject, elements, test) => this.#some(loop, subject, elements, test)
  }

  /** Counts steps of the turn: an element that was compared is one. */
  spend(steps: number): void {
    this.#turnLeft -= steps
  }

  /** Runs a predicate that holds patterns or loops. */
  run(predicate: () => boolean, known?: Known): boolean | Suspended {
    this.#turnLeft = TURN_STEPS
    this.#known = known
    try {
      return predicate()
    } catch (thrown) {
      if (thrown instanceof Pending) return this.#suspend(predicate, thrown, this.#known ?? nothingKnown())
      if (thrown instanceof Interrupted) return this.#goOn(predicate, this.#known ?? nothingKnown())
      throw thrown
    } finally {
      this.#known = undefined
    }
  }

  #some(
    loop: object,
    subject: object,
    elements: readonly JsonValue[],
    test: (element: JsonValue) => boolean,
  ): boolean {
    const place = this.#known?.places.get(loop)?.get(subject)
    if (place?.found !== undefined) return place.found
    let index = place?.index ?? 0
    let found = false
    try {
      while (index < elements.length && !found) {
        found = test(elements[index]!)
        index++
        // Behind an element, so that each turn gets on by one. Unwinds the predicate, as in #test.
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        if (--this.#turnLeft <= 0 && !found && index < elements.length) throw new Interrupted()
      }
    } catch (thrown) {
      if (thrown instanceof Interrupted || thrown instanceof Pending)
        this.#keep(loop, subject, { index, found: undefined })
      throw thrown
    }
    if (this.#known !== undefined) this.#keep(loop, subject, { index, found })
    return found
  }

  #keep(loop: object, subject: object, place: Place): void {
    const { places } = (this.#known ??= nothingKnown())
    const kept = places.get(loop)
    if (kept === undefined) places.set(loop, new WeakMap([[subject, place]]))
    else kept.set(subject, place)
  }

  #goOn(predicate: () => boolean, known: Known): Suspended {
    return { resume: () => this.run(predicate, known) }
  }

  #test(pattern: Pattern, text: string): boolean {
    const known = this.#known?.texts.get(pattern)?.get(text)
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

function nothingKnown(): Known {
  return { texts: new Map(), places: new Map() }
}

function remember({ texts }: Known, pattern: Pattern, text: string, result: boolean): void {
  const known = texts.get(pattern)
  if (known === undefined) texts.set(pattern, new Map([[text, result]]))
  else known.set(text, result)
}
