import { fail } from '../errors.ts'
import type { DetachedMember, JsonScanner, Member } from '../json/scanner.ts'
import type { Steps } from '../steps.ts'

const UNDERSCORE = 0x5f
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const COMMA = 0x2c

/** Members that start with an underscore and are part of the body all the same. */
const KEPT = new Set([
  '_access',
  '_replication_id',
  '_replication_state',
  '_replication_state_time',
  '_replication_state_reason',
  '_replication_stats',
])

/** Special members of one document; CouchDB has ten, but takes duplicates. */
const MAX_SPECIAL_MEMBERS = 1000

/** A document after one pass over its text: the body as it is stored, and the members that are not part of it. */
export interface RawDocument {
  readonly body: Buffer
  readonly term: Buffer | undefined
  readonly size: number
  readonly special: readonly Member[]
  /** Containers within each other, the document itself included. */
  readonly depth: number
}

/**
 * Reads a document; undefined when the value is no object. The members that start with an underscore are only located:
 * their errors count after those of the JSON behind them.
 */
export function* scanDocument(scanner: JsonScanner): Steps<RawDocument | undefined> {
  const scan = new DocumentScanner(scanner)
  while (!scan.run()) yield
  return scan.result
}

/**
 * Reads one document, copying the members of the body and joining the pieces that the others leave. It can stop and go
 * on in the middle, without a generator for each of a thousand small documents.
 */
export class DocumentScanner {
  /** The members; undefined until all are read, and if the value is not an object. */
  result: RawDocument | undefined
  readonly #scanner: JsonScanner
  readonly #special: Member[] = []
  readonly #excess: number
  /** Containers around the document. */
  readonly #outer: number
  readonly #isObject: boolean
  /** True while a member's value is partly read. */
  #isInValue = false
  /** The special member that is being read. */
  #detached: DetachedMember | undefined
  /** Length of the body's text up to the last member that was kept: what comes after may have to be dropped. */
  #length = 1
  /** End of that member in the source. */
  #end = 0
  #isCut = true

  constructor(scanner: JsonScanner) {
    this.#scanner = scanner
    this.#excess = scanner.excess
    scanner.term?.truncate(0)
    this.#outer = scanner.depth
    scanner.deepest = this.#outer
    this.#isObject = scanner.enterObject()
    if (!this.#isObject) return
    scanner.text.truncate(0)
    scanner.text.byte(OPEN)
  }

  /** Reads on; false where it gave way to others and has to be called again. */
  run(): boolean {
    const scanner = this.#scanner
    if (!this.#isObject) return this.#value()
    while (this.#isInValue || scanner.more()) {
      if (!this.#isInValue) this.#beginMember()
      if (!this.#value()) return false
      this.#endMember()
      if (scanner.isPauseDue) {
        scanner.paused()
        return false
      }
    }
    this.#finish()
    return true
  }

  #value(): boolean {
    const isRead = this.#isInValue ? this.#scanner.goOn() : this.#scanner.beginValue()
    this.#isInValue = !isRead
    return isRead
  }

  #beginMember(): void {
    const scanner = this.#scanner
    const name = this.#mayBeSpecial() ? this.#specialName() : undefined
    if (name === undefined) {
      this.#resume(scanner.position)
      scanner.key()
      return
    }
    if (this.#special.length === MAX_SPECIAL_MEMBERS) throw fail('badSpecialMember', name)
    this.#detached = scanner.beginDetached()
  }

  #endMember(): void {
    const scanner = this.#scanner
    if (this.#detached !== undefined) {
      this.#special.push(scanner.endDetached(this.#detached))
      this.#detached = undefined
      return
    }
    this.#end = scanner.position
    this.#length = scanner.text.position + this.#end - scanner.run
  }

  #finish(): void {
    const scanner = this.#scanner
    this.#interrupt()
    scanner.text.truncate(this.#length)
    scanner.text.byte(CLOSE)
    const body = scanner.text.take()
    scanner.run = scanner.position
    const size = body.length - (scanner.excess - this.#excess)
    const depth = scanner.deepest - this.#outer
    this.result = { body, term: scanner.term?.take(), size, special: this.#special, depth }
  }

  #mayBeSpecial(): boolean {
    const { source, position } = this.#scanner
    const first = source[position + 1]
    return first === UNDERSCORE || first === BACKSLASH
  }

  /** The name of the member that comes next; undefined where it belongs to the body all the same. */
  #specialName(): string | undefined {
    this.#interrupt()
    const name = this.#scanner.peekName()
    return !name.startsWith('_') || KEPT.has(name) ? undefined : name
  }

  #interrupt(): void {
    if (!this.#isCut) this.#scanner.flush(this.#end)
    this.#isCut = true
  }

  #resume(start: number): void {
    if (!this.#isCut) return
    const { text } = this.#scanner
    text.truncate(this.#length)
    if (this.#length > 1) text.byte(COMMA)
    this.#scanner.run = start
    this.#isCut = false
  }
}
