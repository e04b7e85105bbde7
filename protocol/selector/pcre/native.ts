import type { ByteSet, Regex } from './ast.ts'

/** How often a pattern repeats without a bound; more than once, and backtracking could take polynomial time. */
const MAX_UNBOUNDED = 1
/** A bounded repetition of more than this counts as one without a bound. */
const SMALL_REPEAT = 16

/**
 * The same pattern for JavaScript's engine, which is many times faster, where it provably cannot backtrack much:
 * single bytes, at most one of them repeated without a bound, no assertions but of places. Undefined where it could.
 */
export function nativeRegex(regex: Regex): { expression: RegExp; isLinear: boolean } | undefined {
  const unbounded = countUnbounded(regex)
  if (unbounded > MAX_UNBOUNDED) return undefined
  return { expression: new RegExp(source(regex)), isLinear: unbounded === 0 }
}

function countUnbounded(regex: Regex): number {
  switch (regex.kind) {
    case 'set':
      return 0
    case 'sequence':
      return sum(regex.items)
    case 'choice':
      return sum(regex.options)
    case 'group':
      return countUnbounded(regex.item)
    case 'assert':
      return 0
    case 'repeat':
      if (regex.item.kind !== 'set') return Infinity
      return regex.max > SMALL_REPEAT ? 1 : 0
    case 'atomic':
    case 'look':
    case 'backreference':
      return Infinity
  }
}

function sum(parts: readonly Regex[]): number {
  return parts.reduce((total, part) => total + countUnbounded(part), 0)
}

const PLACES = {
  start: '^',
  end: '$',
  dollar: '(?=\\n?$)',
  lineStart: '(?:^|(?<=\\n)(?!$))',
  lineEnd: '(?=\\n|$)',
  word: '\\b',
  notWord: '\\B',
} as const

function source(regex: Regex): string {
  switch (regex.kind) {
    case 'set':
      return setSource(regex.bytes)
    case 'sequence':
      return regex.items.map(source).join('')
    case 'choice':
      return `(?:${regex.options.map(source).join('|')})`
    case 'group':
      return `(?:${source(regex.item)})`
    case 'assert':
      return PLACES[regex.at]
    case 'repeat':
      return `${source(regex.item)}{${regex.min},${regex.max === Infinity ? '' : regex.max}}${regex.lazy ? '?' : ''}`
    case 'atomic':
    case 'look':
    case 'backreference':
      return ''
  }
}

function setSource(bytes: ByteSet): string {
  const parts: string[] = []
  for (let from = 0; from < 256; from++) {
    if (bytes[from] !== 1) continue
    let to = from
    while (bytes[to + 1] === 1) to++
    parts.push(from === to ? escaped(from) : `${escaped(from)}-${escaped(to)}`)
    from = to
  }
  return `[${parts.join('')}]`
}

function escaped(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}
