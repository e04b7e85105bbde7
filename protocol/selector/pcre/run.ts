import type { Assertion } from './ast.ts'
import { WORD } from './byte-sets.ts'
import type { Program, Step } from './program.ts'

const NEWLINE = 10
const BASE_BUDGET = 250_000
const BUDGET_PER_BYTE = 8

/**
 * Runs compiled patterns by backtracking. Without backreferences a state that failed once is not tried again, so the
 * time is bounded by pattern times text; with them, and in any case, by a budget of steps, after which the pattern does
 * not match: PCRE's `match_limit` has the same effect in CouchDB.
 */
export class Matcher {
  private readonly program: Program
  private readonly remembersFailures: boolean
  private text: Uint8Array = new Uint8Array()
  private budget = 0

  constructor(program: Program, hasBackreferences: boolean) {
    this.program = program
    this.remembersFailures = !hasBackreferences
  }

  /** Whether the pattern matches anywhere in these bytes. */
  test(text: Uint8Array): boolean {
    this.text = text
    this.budget = BASE_BUDGET + BUDGET_PER_BYTE * text.length
    const failed = new Set<number>()
    for (let from = 0; from <= text.length && this.budget > 0; from++) {
      if (this.run(this.program.start, from, [], failed) >= 0) return true
    }
    return false
  }

  /** Where the match that begins here ends; -1 where there is none. */
  private run(start: number, from: number, groups: number[], failed: Set<number>): number {
    const waiting: { step: number; position: number; groups: number[] }[] = [
      { step: start, position: from, groups },
    ]
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      let { step: at, position, groups: saved } = state
      while (at >= 0) {
        if (--this.budget < 0) return -1
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
            if (this.isRepeated(at, position, failed)) at = -1
            else {
              waiting.push({ step: step.second, position, groups: saved })
              at = step.first
            }
            break
          case 'assert':
            at = this.holds(step.at, position) ? step.next : -1
            break
          case 'look':
            at = this.looks(step, position, saved) !== step.negative ? step.next : -1
            break
          case 'atomic':
            position = this.run(step.start, position, saved, new Set())
            at = position < 0 ? -1 : step.next
            break
          case 'save':
            saved = saved.slice()
            saved[step.slot] = position
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

  private isRepeated(step: number, position: number, failed: Set<number>): boolean {
    if (!this.remembersFailures) return false
    const state = step * (this.text.length + 1) + position
    if (failed.has(state)) return true
    failed.add(state)
    return false
  }

  private looks(step: Step & { op: 'look' }, position: number, groups: number[]): boolean {
    return step.starts.some(
      ({ start, behind }) => position >= behind && this.run(start, position - behind, groups, new Set()) >= 0,
    )
  }

  /** The end of what the group matched, found again here; -1 where it is not. */
  private again(step: Step & { op: 'back' }, position: number, groups: number[]): number {
    const from = groups[step.group * 2]
    const to = groups[step.group * 2 + 1]
    if (from === undefined || to === undefined) return -1
    const length = to - from
    this.budget -= length
    for (let i = 0; i < length; i++) {
      if (!sameByte(this.text[from + i], this.text[position + i], step.caseless)) return -1
    }
    return position + length
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
