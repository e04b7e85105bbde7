import { bufferOf } from '../bytes.ts'
import { fail } from '../errors.ts'
import { parsePartHeaders, type PartHeaders } from './headers.ts'

/**
 * Events of a multipart body, in order: for each part `headers`, any number of `body` slices and `part-end`; after the
 * closing boundary `end`. A slice is a view of the bytes that were pushed: copy it to keep it.
 */
export type MultipartEvent =
  | { readonly kind: 'headers'; readonly headers: PartHeaders }
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'part-end' }
  | { readonly kind: 'end' }

export interface MultipartLimits {
  /** The longest header block of a part, in bytes. */
  readonly maxHeaderBytes: number
}

export const DEFAULT_MULTIPART_LIMITS: MultipartLimits = { maxHeaderBytes: 16 * 1024 }

const MAX_PADDING_BYTES = 1024
const CRLF = Buffer.from('\r\n')
const HEADERS_END = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)
const DASH = 0x2d

type State = 'preamble' | 'boundary' | 'headers' | 'body' | 'end'

/**
 * An incremental parser of multipart bodies (RFC 2046, 5.1). Bytes go in by `push` in pieces of any size, what they
 * mean comes out; bodies are never gathered, and only what may be the beginning of a boundary or of a header block is
 * kept from one piece to the next. Preamble and epilogue are passed over.
 */
export class MultipartParser {
  readonly #delimiter: Buffer
  readonly #limits: MultipartLimits
  #state: State = 'preamble'
  #kept: Buffer = NOTHING
  /** The beginning of a header block whose end has not come yet. */
  #headers: Buffer[] = []
  #headerBytes = 0
  #events: MultipartEvent[] = []

  /** @param boundary the boundary of the Content-Type, without dashes */
  constructor(boundary: string, limits: MultipartLimits = DEFAULT_MULTIPART_LIMITS) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
    this.#limits = limits
  }

  get ended(): boolean {
    return this.#state === 'end'
  }

  /**
   * Takes the next bytes and gives what they complete.
   *
   * @throws `bad_request` where the body is no multipart body
   */
  push(chunk: Uint8Array): MultipartEvent[] {
    let rest = this.#withKept(chunk)
    let before: Buffer
    do {
      before = rest
      rest = this.#step(rest)
    } while (rest !== before)
    this.#kept = this.#state === 'end' ? NOTHING : Buffer.from(rest)
    const events = this.#events
    this.#events = []
    return events
  }

  /**
   * Says that no more bytes come.
   *
   * @throws `bad_request` unless the closing boundary has been seen
   */
  finish(): void {
    if (!this.ended) throw fail('malformedMultipart', 'the closing boundary is missing')
  }

  #withKept(chunk: Uint8Array): Buffer {
    if (this.#kept.length > 0) return Buffer.concat([this.#kept, chunk])
    return bufferOf(chunk)
  }

  /** Consumes what it can of `bytes` and returns what is left, the same object when it needs more. */
  #step(bytes: Buffer): Buffer {
    switch (this.#state) {
      case 'preamble':
        return this.#passPreamble(bytes)
      case 'boundary':
        return this.#passBoundaryLine(bytes)
      case 'headers':
        return this.#readHeaders(bytes)
      case 'body':
        return this.#readBody(bytes)
      case 'end':
        return bytes
    }
  }

  /** Bytes of a part's headers that are held, as they are not complete. */
  get headerBytes(): number {
    return this.#headerBytes
  }

  #passPreamble(bytes: Buffer): Buffer {
    const opening = this.#delimiter.subarray(CRLF.length)
    const offset = bytes.indexOf(opening)
    if (offset >= 0) return this.#enter('boundary', bytes.subarray(offset + opening.length))
    return skipTo(bytes, beginningAtEnd(bytes, opening))
  }

  /** After a boundary: dashes close the body; otherwise white space, then the line ends. */
  #passBoundaryLine(bytes: Buffer): Buffer {
    if (bytes.length < 2) return bytes
    if (bytes[0] === DASH && bytes[1] === DASH) {
      this.#events.push({ kind: 'end' })
      return this.#enter('end', NOTHING)
    }
    const offset = bytes.indexOf(CRLF)
    const padding = bytes.subarray(0, offset < 0 ? bytes.length - 1 : offset)
    if (padding.length > MAX_PADDING_BYTES || padding.some(byte => byte !== 0x20 && byte !== 0x09)) {
      throw fail('malformedMultipart', 'a boundary is followed by other text')
    }
    return offset < 0 ? bytes : this.#enter('headers', bytes.subarray(offset))
  }

  /** The block begins with the end of the boundary's line, so that a part without headers is one that ends at once. */
  #readHeaders(bytes: Buffer): Buffer {
    const offset = bytes.indexOf(HEADERS_END)
    const end = offset < 0 ? Math.max(0, bytes.length - HEADERS_END.length + 1) : offset
    this.#headerBytes += end
    if (this.#headerBytes > this.#limits.maxHeaderBytes)
      throw fail('malformedMultipart', 'the headers of a part are too large')
    if (end > 0) this.#headers.push(Buffer.from(bytes.subarray(0, end)))
    if (offset < 0) return skipTo(bytes, end)
    this.#events.push({ kind: 'headers', headers: parsePartHeaders(Buffer.concat(this.#headers)) })
    this.#headers = []
    this.#headerBytes = 0
    return this.#enter('body', bytes.subarray(offset + HEADERS_END.length))
  }

  #readBody(bytes: Buffer): Buffer {
    const offset = bytes.indexOf(this.#delimiter)
    const end = offset >= 0 ? offset : beginningAtEnd(bytes, this.#delimiter)
    if (end > 0) this.#events.push({ kind: 'body', bytes: bytes.subarray(0, end) })
    if (offset < 0) return skipTo(bytes, end)
    this.#events.push({ kind: 'part-end' })
    return this.#enter('boundary', bytes.subarray(offset + this.#delimiter.length))
  }

  #enter(state: State, rest: Buffer): Buffer {
    this.#state = state
    return rest
  }
}

function skipTo(bytes: Buffer, offset: number): Buffer {
  return offset === 0 ? bytes : bytes.subarray(offset)
}

/** Returns the position from which the end of `bytes` may be a prefix of `wanted`; `bytes.length` if there is none. */
function beginningAtEnd(bytes: Buffer, wanted: Buffer): number {
  const first = wanted[0] ?? 0
  let offset = bytes.indexOf(first, Math.max(0, bytes.length - wanted.length + 1))
  while (offset >= 0) {
    const length = bytes.length - offset
    if (bytes.compare(wanted, 0, length, offset) === 0) return offset
    offset = bytes.indexOf(first, offset + 1)
  }
  return bytes.length
}
