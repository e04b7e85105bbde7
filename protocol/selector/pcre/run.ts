import type { Assertion } from './ast.ts'
import { WORD } from './byte-sets.ts'
import { FailedStates } from './failed-states.ts'
import type { Program, Step } from './program.ts'

const NEWLINE = 10
const BASE_BUDGET = 250_000
const BUDGET_PER_BYTE = 8
/** Steps between two places at which a match can pause: a fraction of a millisecond. */
const PAUSE_STEPS = 5_000

/** A match under way: yields the steps that it took since, and returns whether the pattern matches. */
export type Matching = Generator<number, boolean, void>

/**
 * Runs compiled patterns by backtracking. Without backreferences a state that failed once is not tried again, so the
 * time is bounded by pattern times text; with them, and in any case, by a budget of steps, after which the pattern does
 * not match: PCRE's `match_limit` has the same effect in CouchDB.
 */
export class Matcher {
  private readonly program: Program
  private readonly remembersFailures: boolean

  constructor(program: Program, hasBackreferences: boolean) {
    this.program = program
    this.remembersFailures = !hasBackreferences
  }

  /** Looks whether the pattern matches anywhere in these bytes. */
  matching(text: Uint8Array): Matching {
    return new Run(this.program, text, this.remembersFailures).match()
  }
}

/** Ends of groups so far, the last first: what branches share is kept once, and a further one costs one step. */
interface SavedGroup {
  readonly slot: number
  readonly position: number
  readonly before: Saved
}

type Saved = SavedGroup | undefined

/** One pattern on one text. */
class Run {
  private readonly program: Program
  private readonly text: Uint8Array
  private readonly remembersFailures: boolean
  private budget: number
  private toldBudget: number

  constructor(program: Program, text: Uint8Array, remembersFailures: boolean) {
    this.program = program
    this.text = text
    this.remembersFailures = remembersFailures
    this.budget = BASE_BUDGET + BUDGET_PER_BYTE * text.length
    this.toldBudget = this.budget
  }

  *match(): Matching {
    const failed = this.states()
    for (let from = 0; from <= this.text.length && this.budget > 0; from++) {
      if ((yield* this.run(this.program.start, from, undefined, failed)) >= 0) return true
    }
    yield this.taken()
    return false
  }

  private states(): FailedStates | undefined {
    return this.remembersFailures ? new FailedStates(this.text.length + 1) : undefined
  }

  /** Returns the steps since the last call. */
  private taken(): number {
    const steps = this.toldBudget - this.budget
    this.toldBudget = this.budget
    return steps
  }

  /** Returns the end of the match that begins here; -1 if there is none. */
  private *run(
    start: number,
    from: number,
    groups: Saved,
    failed: FailedStates | undefined,
  ): Generator<number, number, void> {
    const waiting: { step: number; position: number; groups: Saved }[] = [
      { step: start, position: from, groups },
    ]
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      let { step: at, position, groups: saved } = state
      while (at >= 0) {
        if (--this.budget < 0) return -1
        if (this.toldBudget - this.budget >= PAUSE_STEPS) yield this.taken()
        const step = this.program.steps[at] as Step
        switch (step.op) {
          case 'done':
            return position
          case 'set':
            at =
              position < this.text.length && step.bytes[this.text[position] as number] === 1 ? step.next : -1
            position++
            break
          case 'split':
            if (failed?.isRepeated(at, position) === true) at = -1
            else {
              waiting.push({ step: step.second, position, groups: saved })
              at = step.first
            }
            break
          case 'assert':
            at = this.holds(step.at, position) ? step.next : -1
            break
          case 'look':
            at = (yield* this.looks(step, position, saved)) !== step.negative ? step.next : -1
            break
          case 'atomic':
            position = yield* this.run(step.start, position, saved, this.states())
            at = position < 0 ? -1 : step.next
            break
          case 'save':
            saved = { slot: step.slot, position, before: saved }
            at = step.next
            break
          case 'back': {
            const end = this.again(step, position, saved)
            at = end < 0 ? -1 : step.next
            position = end
            break
          }
        }
      }
    }
    return -1
  }

  private *looks(
    step: Step & { op: 'look' },
    position: number,
    groups: Saved,
  ): Generator<number, boolean, void> {
    for (const { start, behind } of step.starts) {
      if (position < behind) continue
      if ((yield* this.run(start, position - behind, groups, this.states())) >= 0) return true
    }
    return false
  }

  /** The end of what the group matched, found again here; -1 where it is not. */
  private again(step: Step & { op: 'back' }, position: number, groups: Saved): number {
    const from = this.saved(step.group * 2, groups)
    const to = this.saved(step.group * 2 + 1, groups)
    if (from === undefined || to === undefined) return -1
    const length = to - from
    this.budget -= length
    for (let i = 0; i < length; i++) {
      if (!sameByte(this.text[from + i], this.text[position + i], step.caseless)) return -1
    }
    return position + length
  }

  /** The position that was saved last in a slot; each one before which it stands is a step. */
  private saved(slot: number, groups: Saved): number | undefined {
    let group = groups
    while (group !== undefined && group.slot !== slot && --this.budget > 0) group = group.before
    return group?.slot === slot ? group.position : undefined
  }

  private holds(assertion: Assertion, position: number): boolean {
    const atEnd = position === this.text.length
    switch (assertion) {
      case 'start':
        return position === 0
      case 'end':
        return atEnd
      case 'dollar':
        return atEnd || (position === this.text.length - 1 && this.text[position] === NEWLINE)
      case 'lineStart':
        return position === 0 || (this.text[position - 1] === NEWLINE && !atEnd)
      case 'lineEnd':
        return atEnd || this.text[position] === NEWLINE
      case 'word':
        return this.isWordAt(position - 1) !== this.isWordAt(position)
      case 'notWord':
        return this.isWordAt(position - 1) === this.isWordAt(position)
    }
  }

  private isWordAt(position: number): boolean {
    const byte = this.text[position]
    return byte !== undefined && WORD[byte] === 1
  }
}

function sameByte(a: number | undefined, b: number | undefined, caseless: boolean): boolean {
  if (a === undefined || b === undefined) return false
  return a === b || (caseless && (a ^ b) === 32 && /[a-z]/i.test(String.fromCharCode(a)))
}
