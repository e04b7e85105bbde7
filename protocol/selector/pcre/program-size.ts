import { PatternError, type Regex } from './ast.ts'
import { fixedLength, MAX_STEPS } from './program.ts'

/**
 * Returns the number of steps that a pattern compiles to, about.
 *
 * @param referenced groups that backreferences name
 * @throws PatternError where it cannot be compiled
 */
export function checkProgram(regex: Regex, referenced: ReadonlySet<number>): number {
  const size = sizeOf(regex, referenced)
  if (size > MAX_STEPS) throw new PatternError('regular expression is too large')
  return size
}

function sizeOf(regex: Regex, referenced: ReadonlySet<number>): number {
  switch (regex.kind) {
    case 'set':
    case 'assert':
    case 'backreference':
      return 1
    case 'sequence':
      return sum(regex.items, referenced)
    case 'choice':
      return sum(regex.options, referenced) + regex.options.length - 1
    case 'repeat': {
      const size = sizeOf(regex.item, referenced)
      const rest = regex.max === Infinity ? size + 1 : (regex.max - regex.min) * (size + 1)
      return regex.min * size + rest
    }
    case 'group':
      return sizeOf(regex.item, referenced) + (referenced.has(regex.index) ? 2 : 0)
    case 'atomic':
      return sizeOf(regex.item, referenced) + 2
    case 'look': {
      const options = regex.behind && regex.item.kind === 'choice' ? regex.item.options : [regex.item]
      if (regex.behind) options.forEach(fixedLength)
      return sum(options, referenced) + options.length + 1
    }
  }
}

function sum(items: readonly Regex[], referenced: ReadonlySet<number>): number {
  return items.reduce((total, item) => total + sizeOf(item, referenced), 0)
}
