import { PatternError, type Assertion, type Regex } from './ast.ts'
import { ANY_BYTE, caseless, ESCAPED_SETS, NOT_NEWLINE, singleByte } from './byte-sets.ts'
import { readClass } from './class.ts'
import { Cursor } from './cursor.ts'
import { readByteEscape, readSetEscape } from './escapes.ts'
import { changeFlags, NO_FLAGS, type PatternFlags } from './flags.ts'

const MAX_REPEAT = 65535
const MAX_DEPTH = 250

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'start',
  Z: 'dollar',
  z: 'end',
  b: 'word',
  B: 'notWord',
}

const LOOKS: readonly (readonly [opening: string, behind: boolean, negative: boolean])[] = [
  ['?=', false, false],
  ['?!', false, true],
  ['?<=', true, false],
  ['?<!', true, true],
]

/**
 * Parses a pattern of PCRE, over bytes as CouchDB runs it. Recursion, conditions, branch resets, verbs, callouts and
 * Unicode properties are not supported.
 *
 * @throws PatternError
 */
export function parsePattern(pattern: string): { regex: Regex; referenced: ReadonlySet<number> } {
  const parser = new Parser(new Cursor(pattern))
  return { regex: parser.parse(), referenced: parser.referenced }
}

class Parser {
  /** Groups that backreferences name. */
  readonly referenced = new Set<number>()
  private readonly cursor: Cursor
  private readonly names = new Map<string, number>()
  private groups = 0
  private depth = 0
  private flags: PatternFlags = NO_FLAGS
  private highestReference = 0

  constructor(cursor: Cursor) {
    this.cursor = cursor
  }

  parse(): Regex {
    const regex = this.choice()
    if (!this.cursor.atEnd) throw new PatternError('unmatched closing parenthesis')
    if (this.highestReference > this.groups) throw new PatternError('reference to a group that is not there')
    return regex
  }

  private choice(): Regex {
    if (++this.depth > MAX_DEPTH) throw new PatternError('parentheses are too deeply nested')
    const options = [this.sequence()]
    while (this.cursor.accept('|')) options.push(this.sequence())
    this.depth--
    return options.length === 1 ? (options[0] as Regex) : { kind: 'choice', options }
  }

  private sequence(): Regex {
    const items: Regex[] = []
    while (!this.cursor.atEnd && this.cursor.peek() !== '|' && this.cursor.peek() !== ')') {
      if (this.skipIgnored()) continue
      const atom = this.atom()
      if (atom !== undefined) items.push(this.quantified(atom))
    }
    return items.length === 1 ? (items[0] as Regex) : { kind: 'sequence', items }
  }

  private skipIgnored(): boolean {
    if (this.cursor.accept('(?#')) {
      this.cursor.takeUntil(')')
      return true
    }
    if (!this.flags.extended) return false
    if (this.cursor.take(/^\s+/) !== undefined) return true
    if (!this.cursor.accept('#')) return false
    this.cursor.takeUntil('\n')
    return true
  }

  /** Parses one atom; undefined if there is none, as after `(?i)`. */
  private atom(): Regex | undefined {
    const character = this.cursor.next()
    switch (character) {
      case '(':
        return this.group()
      case '[':
        return { kind: 'set', bytes: readClass(this.cursor, this.flags.caseless) }
      case '.':
        return { kind: 'set', bytes: this.flags.dotAll ? ANY_BYTE : NOT_NEWLINE }
      case '^':
        return { kind: 'assert', at: this.flags.multiline ? 'lineStart' : 'start' }
      case '$':
        return { kind: 'assert', at: this.flags.multiline ? 'lineEnd' : 'dollar' }
      case '\\':
        return this.escape()
      case '*':
      case '+':
      case '?':
        throw new PatternError('nothing to repeat')
      default:
        return this.literal(character.charCodeAt(0))
    }
  }

  private literal(byte: number): Regex {
    const bytes = singleByte(byte)
    return { kind: 'set', bytes: this.flags.caseless ? caseless(bytes) : bytes }
  }

  private escape(): Regex | undefined {
    const letter = this.cursor.peek()
    const assertion = ASSERTIONS[letter]
    if (assertion !== undefined) {
      this.cursor.skip(1)
      return { kind: 'assert', at: assertion }
    }
    if (this.cursor.accept('Q')) return this.quoted()
    if (this.cursor.accept('E') || this.cursor.accept('K')) return undefined
    if (this.cursor.accept('N')) return { kind: 'set', bytes: NOT_NEWLINE }
    if (this.cursor.accept('C')) return { kind: 'set', bytes: ANY_BYTE }
    if (this.cursor.accept('R')) return this.lineBreak()
    const group = this.backreference()
    if (group !== undefined) return this.reference(group)
    const set = readSetEscape(this.cursor)
    return set === undefined ? this.literal(readByteEscape(this.cursor)) : { kind: 'set', bytes: set }
  }

  private quoted(): Regex {
    const characters = [...this.cursor.takeUntil('\\E')]
    return { kind: 'sequence', items: characters.map(character => this.literal(character.charCodeAt(0))) }
  }

  private lineBreak(): Regex {
    const bytes = (text: string): Regex[] =>
      [...text].map(c => ({ kind: 'set', bytes: singleByte(c.charCodeAt(0)) }))
    const crlf: Regex = { kind: 'sequence', items: bytes('\r\n') }
    return { kind: 'choice', options: [crlf, { kind: 'set', bytes: ESCAPED_SETS.v ?? ANY_BYTE }] }
  }

  private backreference(): number | undefined {
    const named = this.cursor.take(/^k(?:\{\w+\}|<\w+>|'\w+')/)
    if (named !== undefined) return this.named(named.slice(2, -1))
    const numbered = this.cursor.take(/^g(?:\{-?\d+\}|-?\d+)/)
    if (numbered !== undefined) return this.numbered(Number(numbered.replace(/[g{}]/g, '')))
    const digits = /^[1-9]\d?/.exec(this.cursor.text.slice(this.cursor.position))?.[0]
    // Above nine, and without so many groups, the digits are an octal code.
    if (digits === undefined || (digits.length > 1 && Number(digits) > this.groups)) return undefined
    this.cursor.skip(digits.length)
    return this.numbered(Number(digits))
  }

  private numbered(group: number): number {
    const absolute = group < 0 ? this.groups + 1 + group : group
    if (absolute < 1) throw new PatternError('reference to a group that is not there')
    return absolute
  }

  private named(name: string): number {
    const group = this.names.get(name)
    if (group === undefined) throw new PatternError('reference to a group that is not there')
    return group
  }

  private reference(group: number): Regex {
    this.highestReference = Math.max(this.highestReference, group)
    this.referenced.add(group)
    return { kind: 'backreference', group, caseless: this.flags.caseless }
  }

  private group(): Regex | undefined {
    if (this.cursor.peek() === '*') throw new PatternError('verbs are not supported')
    if (this.cursor.peek() !== '?') return this.capture()
    for (const [opening, behind, negative] of LOOKS) {
      if (this.cursor.accept(opening)) return { kind: 'look', behind, negative, item: this.body() }
    }
    if (this.cursor.accept('?>')) return { kind: 'atomic', item: this.body() }
    const back = this.cursor.take(/^\?P=\w+\)/)
    if (back !== undefined) return this.reference(this.named(back.slice(3, -1)))
    const name = this.cursor.take(/^\?(?:P?<\w+>|'\w+')/)
    if (name !== undefined) return this.capture(name.replace(/^\?P?[<']|[>']$/g, ''))
    return this.flagGroup()
  }

  private flagGroup(): Regex | undefined {
    const letters = this.cursor.take(/^\?[imsxUJ]*(?:-[imsxUJ]*)?/) ?? ''
    const changed = changeFlags(this.flags, letters.slice(1))
    if (changed === undefined) throw new PatternError('unrecognised group')
    if (this.cursor.accept(')')) {
      this.flags = changed
      return undefined
    }
    if (!this.cursor.accept(':')) throw new PatternError('unrecognised or unsupported group')
    return this.body(changed)
  }

  private capture(name?: string): Regex {
    const index = ++this.groups
    if (name !== undefined) {
      if (this.names.has(name)) throw new PatternError('two groups of one name')
      this.names.set(name, index)
    }
    return { kind: 'group', index, item: this.body() }
  }

  /** The inside of a group, whose changes of flags end with it. */
  private body(flags = this.flags): Regex {
    const outer = this.flags
    this.flags = flags
    const item = this.choice()
    this.cursor.expect(')')
    this.flags = outer
    return item
  }

  private quantified(atom: Regex): Regex {
    let item = atom
    for (;;) {
      while (this.skipIgnored());
      const range = this.range()
      if (range === undefined) return item
      const isLazy = this.cursor.accept('?')
      const repeated: Regex = { kind: 'repeat', item, ...range, lazy: isLazy !== this.flags.swapGreed }
      item = this.cursor.accept('+') ? { kind: 'atomic', item: repeated } : repeated
    }
  }

  private range(): { min: number; max: number } | undefined {
    if (this.cursor.accept('*')) return { min: 0, max: Infinity }
    if (this.cursor.accept('+')) return { min: 1, max: Infinity }
    if (this.cursor.accept('?')) return { min: 0, max: 1 }
    const braces = this.cursor.take(/^\{\d+(?:,\d*)?\}/)
    if (braces === undefined) return undefined
    const [low = '', high] = braces.slice(1, -1).split(',')
    const min = Number(low)
    const max = high === undefined ? min : high === '' ? Infinity : Number(high)
    if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT)) throw new PatternError('number too big')
    if (max < min) throw new PatternError('numbers out of order in {}')
    return { min, max }
  }
}
