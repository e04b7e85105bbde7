/**
 * JSON as text. A document's numbers and integers beyond 2^53 must stay as they were written, so its text is never parsed
 * into JavaScript values and printed again: it is cut at the places that this parser finds.
 */

/** A value's place in a text, `end` excluded. */
export interface JsonNode {
  readonly kind: 'object' | 'array' | 'string' | 'number' | 'literal'
  readonly start: number
  readonly end: number
  readonly members: readonly JsonMember[]
  readonly elements: readonly JsonNode[]
}

export interface JsonMember {
  readonly name: string
  readonly nameStart: number
  readonly value: JsonNode
}

/** A text that is not JSON; `offset` is where that shows. */
export class JsonTextError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.name = 'JsonTextError'
    this.offset = offset
  }
}

const NONE: readonly never[] = []
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const LITERAL = /true|false|null/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/g
// eslint-disable-next-line no-control-regex
const NOT_IN_STRING = /[\u0000-\u001f\\]/
const SPACE = /[ \t\n\r]*/y
const MAX_DEPTH = 500

/** @throws {JsonTextError} with a sentence for the person who wrote the text */
export function parseJsonText(text: string): JsonNode {
  const parser = new Parser(text)
  const node = parser.value(0)
  parser.end()
  return node
}

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
    this.#space()
  }

  value(depth: number): JsonNode {
    if (depth > MAX_DEPTH) throw this.#error('This is nested too deeply.')
    const first = this.#text[this.#at]
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    if (first === '"') return this.#string()
    if (first !== undefined && /[-\d]/.test(first)) return this.#leaf('number', this.#length(NUMBER))
    return this.#leaf('literal', this.#length(LITERAL))
  }

  end(): void {
    if (this.#at < this.#text.length) throw this.#error('Nothing may follow the end of the value.')
  }

  /** Found without a pattern over the whole string, which could take exponential time or all of the stack. */
  #string(): JsonNode {
    let end = this.#text.indexOf('"', this.#at + 1)
    while (end >= 0 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1)
    const inner = this.#text.slice(this.#at + 1, Math.max(end, this.#at + 1))
    const isValid = end >= 0 && !NOT_IN_STRING.test(inner.replace(ESCAPE, ''))
    return this.#leaf('string', isValid ? end + 1 - this.#at : 0)
  }

  #isEscaped(at: number): boolean {
    let backslashes = 0
    while (this.#text[at - 1 - backslashes] === '\\') backslashes += 1
    return backslashes % 2 === 1
  }

  #leaf(kind: JsonNode['kind'], length: number): JsonNode {
    const start = this.#at
    if (length === 0) throw this.#error(this.#complaint(kind))
    this.#at += length
    const end = this.#at
    this.#space()
    return { kind, start, end, members: NONE, elements: NONE }
  }

  #object(depth: number): JsonNode {
    const start = this.#at
    const members: JsonMember[] = []
    this.#take('{')
    while (!this.#isAt('}')) {
      if (members.length > 0) this.#expect(',', 'A comma is missing between two members.')
      const nameStart = this.#at
      if (!this.#isAt('"')) throw this.#error('A member begins with its name in double quotes.')
      const name = this.#string()
      this.#expect(':', 'A colon must follow the name of a member.')
      const value = this.value(depth + 1)
      members.push({ name: JSON.parse(this.#text.slice(name.start, name.end)) as string, nameStart, value })
    }
    return this.#closed('object', start, members, NONE)
  }

  #array(depth: number): JsonNode {
    const start = this.#at
    const elements: JsonNode[] = []
    this.#take('[')
    while (!this.#isAt(']')) {
      if (elements.length > 0) this.#expect(',', 'A comma is missing between two elements.')
      elements.push(this.value(depth + 1))
    }
    return this.#closed('array', start, NONE, elements)
  }

  #closed(
    kind: JsonNode['kind'],
    start: number,
    members: readonly JsonMember[],
    elements: readonly JsonNode[],
  ): JsonNode {
    const end = this.#at + 1
    this.#take(this.#text[this.#at] ?? '')
    return { kind, start, end, members, elements }
  }

  #take(mark: string): void {
    this.#at += mark.length
    this.#space()
  }

  #expect(mark: string, message: string): void {
    if (!this.#isAt(mark)) throw this.#error(message)
    this.#take(mark)
  }

  #isAt(mark: string): boolean {
    return this.#text[this.#at] === mark
  }

  #space(): void {
    this.#at += this.#length(SPACE)
  }

  #length(pattern: RegExp): number {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#text)?.[0].length ?? 0
  }

  #complaint(kind: JsonNode['kind']): string {
    if (this.#at >= this.#text.length) return 'The text ends too early.'
    if (kind === 'string') return 'This string has no end, or holds a line break or an unknown escape.'
    if (kind === 'number') return 'This is not a number that JSON knows.'
    return 'A value is expected here: an object, an array, a string, a number, true, false or null.'
  }

  #error(message: string): JsonTextError {
    return new JsonTextError(message, Math.min(this.#at, this.#text.length))
  }
}

/** The source text of a node. */
export function sliceOf(text: string, { start, end }: JsonNode): string {
  return text.slice(start, end)
}

/** Prints a JSON text with one member or element a line; short arrays of plain values stay on one line. */
export function formatJsonText(text: string, indent = '  '): string {
  return print(text, parseJsonText(text), '', indent)
}

const SHORT_ARRAY = 72

function print(text: string, node: JsonNode, margin: string, indent: string): string {
  const inner = margin + indent
  if (node.kind === 'object') {
    if (node.members.length === 0) return '{}'
    const lines = node.members.map(
      ({ name, value }) => `${inner}${JSON.stringify(name)}: ${print(text, value, inner, indent)}`,
    )
    return `{\n${lines.join(',\n')}\n${margin}}`
  }
  if (node.kind !== 'array') return sliceOf(text, node)
  if (node.elements.length === 0) return '[]'
  const parts = node.elements.map(element => print(text, element, inner, indent))
  const plain = node.elements.every(({ members, elements }) => members.length + elements.length === 0)
  const line = `[${parts.join(', ')}]`
  if (plain && line.length + margin.length <= SHORT_ARRAY) return line
  return `[\n${parts.map(part => inner + part).join(',\n')}\n${margin}]`
}

/** The members of an object's text as name and source text, in their order. */
export function membersOf(text: string): { name: string; text: string }[] {
  return parseJsonText(text).members.map(({ name, value }) => ({ name, text: sliceOf(text, value) }))
}

/** The text of an object with these members. */
export function objectText(members: readonly { name: string; text: string }[]): string {
  return `{${members.map(({ name, text }) => `${JSON.stringify(name)}:${text}`).join(',')}}`
}

/** The object's text with a member set to another text: in its place where it was there, else first. */
export function withMember(text: string, name: string, value: string): string {
  const members = membersOf(text)
  const isThere = members.some(member => member.name === name)
  if (!isThere) return objectText([{ name, text: value }, ...members])
  return objectText(members.map(member => (member.name === name ? { name, text: value } : member)))
}

/** The object's text without the members that are named. */
export function withoutMembers(text: string, isOut: (name: string) => boolean): string {
  return objectText(membersOf(text).filter(({ name }) => !isOut(name)))
}

/** The source texts of an array's elements. */
export function elementsOf(text: string): string[] {
  return parseJsonText(text).elements.map(element => sliceOf(text, element))
}

/** The source text of a member; `undefined` where the object has none of that name. */
export function memberOf(text: string, name: string): string | undefined {
  return membersOf(text).findLast(member => member.name === name)?.text
}
