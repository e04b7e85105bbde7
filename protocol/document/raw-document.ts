import type { JsonScanner, Member } from '../json/scanner.ts'

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

/** A document after one pass over its text: the body as it is stored, and the members that are not part of it. */
export interface RawDocument {
  readonly body: Buffer
  readonly term: Buffer | undefined
  readonly size: number
  readonly special: readonly Member[]
}

/**
 * Reads a document; undefined when the value is no object. The members that start with an underscore are only located:
 * their errors count after those of the JSON behind them.
 */
export function scanDocument(scanner: JsonScanner): RawDocument | undefined {
  const { text } = scanner
  const before = scanner.excess
  scanner.term?.truncate(0)
  if (!scanner.enterObject()) {
    scanner.value()
    return undefined
  }
  const special = new BodyScan(scanner).members()
  const body = text.take()
  scanner.run = scanner.position
  return { body, term: scanner.term?.take(), size: body.length - (scanner.excess - before), special }
}

/** Copies the members of the body, joining the pieces that the others leave. */
class BodyScan {
  readonly #scanner: JsonScanner
  readonly #special: Member[] = []
  /** Length of the body's text up to the last member that was kept: what comes after may have to be dropped. */
  #length = 1
  /** Where that member ends in the source. */
  #end = 0
  #isCut = true

  constructor(scanner: JsonScanner) {
    this.#scanner = scanner
    scanner.text.truncate(0)
    scanner.text.byte(OPEN)
  }

  members(): Member[] {
    const scanner = this.#scanner
    while (scanner.more()) {
      if (this.#mayBeSpecial()) this.#sort()
      else this.#keep()
    }
    this.#interrupt()
    scanner.text.truncate(this.#length)
    scanner.text.byte(CLOSE)
    return this.#special
  }

  #mayBeSpecial(): boolean {
    const { source, position } = this.#scanner
    const first = source[position + 1]
    return first === UNDERSCORE || first === BACKSLASH
  }

  #keep(): void {
    const scanner = this.#scanner
    this.#resume(scanner.position)
    scanner.key()
    scanner.value()
    this.#end = scanner.position
    this.#length = scanner.text.position + this.#end - scanner.run
  }

  /** Reads a member whose name may start with an underscore; one may belong to the body all the same. */
  #sort(): void {
    const scanner = this.#scanner
    this.#interrupt()
    const name = scanner.peekName()
    if (!name.startsWith('_') || KEPT.has(name)) this.#keep()
    else this.#special.push(scanner.detachedMember())
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
