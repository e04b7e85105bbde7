import { fail } from '../errors.ts'
import { beginList, endList, writeTuple } from '../external-term.ts'
import { STEP_BYTES, type Steps } from '../steps.ts'
import type { ByteWriter } from './byte-writer.ts'
import { KeySet } from './key-set.ts'
import { LongTokens } from './long-tokens.ts'
import { MAX_NAME } from './tokens.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** CouchDB knows no limit; this one keeps a body of nothing but brackets from taking a hundred times its size. */
const MAX_DEPTH = 500_000

/** A member of an object that was read: its name, and where its value lies in the source. */
export interface Member {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** A member that is being read, and what the scanner goes on with after it. */
export interface DetachedMember {
  readonly name: string
  readonly start: number
  readonly term: ByteWriter | undefined
  readonly excess: number
}

/** An open object or array: what its term and its members are counted by. */
interface Frame {
  isObject: boolean
  /** Nothing was read in it yet, so no comma is due. */
  isFresh: boolean
  /** Elements or members in the term. */
  count: number
  /** Start of the term's list. */
  list: number
  /** Start of the object's hashes. */
  keys: number
}

/**
 * Reads JSON values in one pass. Containers are kept on a stack of our own, for CouchDB takes a hundred thousand nested
 * arrays.
 *
 * Duplicate members are noticed (`hasSuspiciousKeys`), not resolved: see `withoutDuplicates`.
 */
export class JsonScanner extends LongTokens {
  readonly #keys = new KeySet()
  readonly #frames: Frame[] = []
  #depth = 0
  /** Position at which a value that is read in steps gives way. */
  #pauseAt = STEP_BYTES
  /** Depth at which the value that is read in steps began. */
  #floor = 0

  /** Most containers that were open at a time, since it was last set. */
  deepest = 0

  /** Number of open containers. */
  get depth(): number {
    return this.#depth
  }

  /** True if some object may have a duplicate member. */
  get hasSuspiciousKeys(): boolean {
    return this.#keys.suspicious
  }

  /** Reads one value, however deep. */
  value(): void {
    const floor = this.#depth
    do if (this.#scalarOrOpen()) this.#afterValue(floor)
    while (this.#depth > floor)
  }

  /** True if stepwise reading must yield to the event loop before it continues. */
  get isPauseDue(): boolean {
    return this.position >= this.#pauseAt
  }

  /** Tells that others had their turn. */
  paused(): void {
    this.#pauseAt = this.position + STEP_BYTES
  }

  /** Reads one value like `value`, giving way after every `STEP_BYTES`. */
  *valueInSteps(): Steps<void> {
    for (let isRead = this.beginValue(); !isRead; isRead = this.goOn()) yield
  }

  /** Reads a value, or its beginning: false where `goOn` has to read the rest, after a pause. */
  beginValue(): boolean {
    this.#floor = this.#depth
    return this.#valueUntilPause()
  }

  /** Reads more of the value that was begun; false where there is still more. */
  goOn(): boolean {
    this.paused()
    return this.#valueUntilPause()
  }

  #valueUntilPause(): boolean {
    const floor = this.#floor
    do {
      if (this.isLong && this.next() === QUOTE) {
        if (!this.stringPart()) return false
        this.#afterValue(floor)
      } else if (this.#scalarOrOpen()) this.#afterValue(floor)
      if (this.position >= this.#pauseAt && this.#depth > floor) return false
    } while (this.#depth > floor)
    return true
  }

  /** Stands at the first member of an object or, when it has none, behind it; false when the value is no object. */
  enterObject(): boolean {
    if (this.next() !== OPEN_OBJECT) return false
    this.#open(true)
    return true
  }

  /** Stands at the first element of an array; false when the value is no array. */
  enterArray(): boolean {
    if (this.next() !== OPEN_ARRAY) return false
    this.#open(false)
    return true
  }

  /**
   * Goes on to the next element of the array that was entered, or to the next member's name (see `key`);
   * false if there is none, and the container is left.
   */
  more(): boolean {
    const frame = this.#frames[this.#depth - 1]!
    const byte = this.next()
    if (byte === (frame.isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
      this.position++
      this.#close(frame)
      return false
    }
    if (frame.isFresh) return !(frame.isFresh = false)
    if (byte !== COMMA) throw fail('invalidJson')
    this.position++
    this.next()
    return true
  }

  /** Counts an element of the array that was entered; its `value` has to be read. */
  element(): void {
    this.#frames[this.#depth - 1]!.count++
  }

  /** Reads a member's name and the colon. */
  key(): void {
    const frame = this.#frames[this.#depth - 1]!
    frame.count++
    if (this.next() !== QUOTE) throw fail('invalidJson')
    if (this.term !== undefined) writeTuple(this.term, 2)
    const start = this.position
    this.string(MAX_NAME)
    if (this.#keys.isLarge(frame.keys))
      this.#keys.addToLarge(frame.keys, this.hashOfString(start), this.secondHashOfString(start))
    else this.#keys.add(frame.keys, this.hashOfString(start))
    if (this.next() !== COLON) throw fail('invalidJson')
    this.position++
  }

  /** Reads a member, name and value, that becomes no part of the object's term; what was written is the caller's. */
  detachedMember(): Member {
    const member = this.beginDetached()
    this.value()
    return this.endDetached(member)
  }

  /** Reads the name of such a member; its value has to be read, and `endDetached` called with what this returns. */
  beginDetached(): DetachedMember {
    const { term, excess } = this
    this.term = undefined
    const name = this.namedKey()
    this.next()
    return { name, start: this.position, term, excess }
  }

  endDetached({ name, start, term, excess }: DetachedMember): Member {
    this.#frames[this.#depth - 1]!.count--
    this.term = term
    this.excess = excess
    return { name, start, end: this.position }
  }

  /** As `key`; returns the name. */
  namedKey(): string {
    const name = this.peekName()
    this.key()
    return name
  }

  /** The name of the member that comes next. What is written of it is the caller's, as it is read again. */
  peekName(): string {
    const { position, term, excess } = this
    if (this.next() !== QUOTE) throw fail('invalidJson')
    this.term = undefined
    this.string(MAX_NAME)
    const name = this.textOfString(position)
    this.position = position
    this.term = term
    this.excess = excess
    return name
  }

  /** Reads a scalar, or opens a container; false when a value has to be read next. */
  #scalarOrOpen(): boolean {
    const byte = this.next()
    if (byte === QUOTE) this.string()
    else if (byte === OPEN_OBJECT) return this.#openAndEnter(true)
    else if (byte === OPEN_ARRAY) return this.#openAndEnter(false)
    else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      if (this.isLong) this.measureNumber()
      this.number()
    } else this.literal(byte)
    return true
  }

  #openAndEnter(isObject: boolean): boolean {
    this.#open(isObject)
    return !this.#toNextValue()
  }

  /** Goes to the next value that has to be read, closing what ends here. */
  #afterValue(floor: number): void {
    while (this.#depth > floor) if (this.#toNextValue()) return
  }

  #toNextValue(): boolean {
    if (!this.more()) return false
    if (this.#frames[this.#depth - 1]!.isObject) this.key()
    else this.element()
    return true
  }

  #open(isObject: boolean): void {
    if (this.#depth === MAX_DEPTH) throw fail('invalidJson')
    this.position++
    if (this.#depth >= this.deepest) this.deepest = this.#depth + 1
    const frame = (this.#frames[this.#depth++] ??= { isObject, isFresh: true, count: 0, list: 0, keys: 0 })
    frame.isObject = isObject
    frame.isFresh = true
    frame.count = 0
    if (isObject) frame.keys = this.#keys.enter()
    if (this.term === undefined) return
    if (isObject) writeTuple(this.term, 1)
    frame.list = beginList(this.term)
  }

  #close(frame: Frame): void {
    this.#depth--
    if (frame.isObject) this.#keys.leave(frame.keys)
    if (this.term !== undefined) endList(this.term, frame.list, frame.count)
  }
}
