import { PatternError, type Assertion, type ByteSet, type Regex } from './ast.ts'

/** One step of a compiled pattern. `next` and the like are indexes of steps. */
export type Step =
  | { readonly op: 'set'; readonly bytes: ByteSet; next: number }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'assert'; readonly at: Assertion; next: number }
  | { readonly op: 'look'; readonly negative: boolean; readonly starts: readonly LookStart[]; next: number }
  | { readonly op: 'atomic'; readonly start: number; next: number }
  | { readonly op: 'save'; readonly slot: number; next: number }
  | { readonly op: 'back'; readonly group: number; readonly caseless: boolean; next: number }
  | { readonly op: 'done' }

/** Start of an alternative of an assertion, and its length in bytes for a lookbehind. */
export interface LookStart {
  readonly start: number
  readonly behind: number
}

export interface Program {
  readonly steps: readonly Step[]
  readonly start: number
}

export const MAX_STEPS = 20_000

/**
 * Compiles a parsed pattern. Counted repetitions are written out, which bounds what a pattern may ask for.
 *
 * @param referenced groups that backreferences name: what others matched is not kept
 * @throws PatternError
 */
export function compileProgram(regex: Regex, referenced: ReadonlySet<number>): Program {
  const steps: Step[] = []
  const add = (step: Step): number => {
    if (steps.length >= MAX_STEPS) throw new PatternError('regular expression is too large')
    return steps.push(step) - 1
  }

  /** Adds what matches `item` and goes on at `next`; the index of its first step. */
  function emit(item: Regex, next: number): number {
    switch (item.kind) {
      case 'set':
        return add({ op: 'set', bytes: item.bytes, next })
      case 'sequence':
        return item.items.reduceRight((following, part) => emit(part, following), next)
      case 'choice':
        return item.options
          .map(option => emit(option, next))
          .reduceRight((second, first) => add({ op: 'split', first, second }))
      case 'repeat':
        return emitRepeat(item, next)
      case 'group':
        return referenced.has(item.index) ? emitGroup(item.index, item.item, next) : emit(item.item, next)
      case 'atomic':
        return add({ op: 'atomic', start: emit(item.item, add({ op: 'done' })), next })
      case 'look':
        return add({ op: 'look', negative: item.negative, starts: lookStarts(item), next })
      case 'assert':
        return add({ op: 'assert', at: item.at, next })
      case 'backreference':
        return add({ op: 'back', group: item.group, caseless: item.caseless, next })
    }
  }

  function emitGroup(index: number, item: Regex, next: number): number {
    const close = add({ op: 'save', slot: index * 2 + 1, next })
    return add({ op: 'save', slot: index * 2, next: emit(item, close) })
  }

  function emitRepeat(item: Regex & { kind: 'repeat' }, next: number): number {
    let start = next
    if (item.max === Infinity) start = emitLoop(item, next)
    else for (let i = item.min; i < item.max; i++) start = emitOptional(item, start, next)
    for (let i = 0; i < item.min; i++) start = emit(item.item, start)
    return start
  }

  function emitLoop(item: Regex & { kind: 'repeat' }, next: number): number {
    const split: Step = { op: 'split', first: next, second: next }
    const loop = add(split)
    const body = emit(item.item, loop)
    if (item.lazy) split.second = body
    else split.first = body
    return loop
  }

  function emitOptional(item: Regex & { kind: 'repeat' }, start: number, next: number): number {
    const body = emit(item.item, start)
    return add(
      item.lazy ? { op: 'split', first: next, second: body } : { op: 'split', first: body, second: next },
    )
  }

  function lookStarts(item: Regex & { kind: 'look' }): LookStart[] {
    const options = item.behind && item.item.kind === 'choice' ? item.item.options : [item.item]
    return options.map(option => ({
      start: emit(option, add({ op: 'done' })),
      behind: item.behind ? fixedLength(option) : 0,
    }))
  }

  const start = emit(regex, add({ op: 'done' }))
  return { steps, start }
}

/** The length of what an alternative of a lookbehind matches; PCRE asks for it to be known. */
export function fixedLength(item: Regex): number {
  switch (item.kind) {
    case 'set':
      return 1
    case 'sequence':
      return item.items.reduce((sum, part) => sum + fixedLength(part), 0)
    case 'group':
    case 'atomic':
      return fixedLength(item.item)
    case 'assert':
    case 'look':
      return 0
    case 'repeat':
      if (item.min === item.max) return item.min * fixedLength(item.item)
      break
    case 'choice': {
      const [first = 0, ...rest] = item.options.map(fixedLength)
      if (rest.every(length => length === first)) return first
      break
    }
    case 'backreference':
      break
  }
  throw new PatternError('lookbehind assertion is not fixed length')
}
