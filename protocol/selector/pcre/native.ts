import type { ByteSet, Regex } from './ast.ts'

/** A bounded repetition of more than this counts as one without a bound. */
const SMALL_REPEAT = 16
/** Patterns of more work than this, wherever they begin in a text, are left to our own engine. */
const MAX_WORK = 10_000

/** A pattern for JavaScript's engine. */
export interface NativeRegex {
  readonly expression: RegExp
  /** The most steps that it can take on a text of that length. */
  readonly steps: (length: number) => number
}

/** Upper bounds of the backtracking that a pattern allows. */
interface Backtracking {
  /** Number of ways in which it can match from one position; a repetition without a bound counts as one. */
  readonly ways: number
  /** The bytes that one way looks at. */
  readonly size: number
  /** Repetitions without a bound. */
  readonly unbounded: number
}

/**
 * Translates a pattern for JavaScript's engine, which is many times faster, if it provably cannot backtrack much:
 * single bytes, at most one of them repeated without a bound, few choices, no assertions but of places. Undefined where
 * it could.
 */
export function nativeRegex(regex: Regex): NativeRegex | undefined {
  const { ways, size, unbounded } = backtracking(regex)
  const work = ways * size
  // More than one repetition without a bound could take polynomial time.
  if (unbounded > 1 || work > MAX_WORK) return undefined
  return {
    expression: new RegExp(source(regex)),
    steps: length => work * length * (unbounded === 0 ? 1 : length),
  }
}

function backtracking(regex: Regex): Backtracking {
  switch (regex.kind) {
    case 'set':
      return { ways: 1, size: 1, unbounded: 0 }
    case 'sequence':
      return regex.items.map(backtracking).reduce(
        (all, { ways, size, unbounded }) => ({
          ways: all.ways * ways,
          size: all.size + size,
          unbounded: all.unbounded + unbounded,
        }),
        { ways: 1, size: 0, unbounded: 0 },
      )
    case 'choice':
      return regex.options.map(backtracking).reduce(
        (all, { ways, size, unbounded }) => ({
          ways: all.ways + ways,
          size: Math.max(all.size, size),
          unbounded: all.unbounded + unbounded,
        }),
        { ways: 0, size: 0, unbounded: 0 },
      )
    case 'group':
      return backtracking(regex.item)
    case 'assert':
      return { ways: 1, size: 1, unbounded: 0 }
    case 'repeat':
      if (regex.item.kind !== 'set') return IMPOSSIBLE
      return regex.max > SMALL_REPEAT
        ? { ways: 1, size: 1 + regex.min, unbounded: 1 }
        : { ways: 1 + regex.max - regex.min, size: regex.max, unbounded: 0 }
    case 'atomic':
    case 'look':
    case 'backreference':
      return IMPOSSIBLE
  }
}

const IMPOSSIBLE: Backtracking = { ways: 1, size: 1, unbounded: Infinity }

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
