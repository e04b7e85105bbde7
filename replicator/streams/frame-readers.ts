import { PeerError } from '../peer-error.ts'
import type { BrokerLimits } from './contract.ts'
import type { FrameReader } from './guarded-sockets.ts'

const [LF, CR, SPACE, TAB, ZERO, NINE] = [10, 13, 32, 9, 48, 57]
/** Bytes of the end of a line that is in several pieces: the size of a message stands there. */
const TAIL_BYTES = 32
const LENGTH_BYTES = 4

/**
 * Reads the lines of NATS and skips the payloads of its messages: `MSG subject sid [reply] size` and
 * `HMSG subject sid [reply] headers total`, then as many bytes and a line's end.
 */
export class NatsFrames implements FrameReader {
  readonly #limits: BrokerLimits
  #skip = 0
  #lineBytes = 0
  #first = 0
  #tail: Uint8Array = new Uint8Array(0)

  constructor(limits: BrokerLimits) {
    this.#limits = limits
  }

  read(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      const skipped = Math.min(this.#skip, chunk.length - at)
      this.#skip -= skipped
      at += skipped
      if (at < chunk.length) at = this.#readLine(chunk, at)
    }
  }

  /** Returns where the line ends that begins, or goes on, at a place. */
  #readLine(chunk: Uint8Array, from: number): number {
    // The end of a payload, in most cases.
    if (this.#lineBytes === 0 && chunk[from] === CR && chunk[from + 1] === LF) return from + 2
    if (this.#lineBytes === 0) this.#first = chunk[from]!
    const found = chunk.indexOf(LF, from)
    const end = found === -1 ? chunk.length : found
    this.#lineBytes += end - from
    const { lineBytes } = this.#limits
    if (this.#lineBytes > lineBytes)
      throw new PeerError(
        'broker_frame_too_large',
        `the NATS server sent a line of more than ${lineBytes} bytes`,
        RETRIED,
      )
    if (found === -1) this.#keepTail(chunk.subarray(from))
    else this.#endLine(chunk, from, end)
    return end + 1
  }

  #keepTail(part: Uint8Array): void {
    this.#tail = Buffer.concat([this.#tail, part.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES)
  }

  #endLine(chunk: Uint8Array, from: number, end: number): void {
    if (isMessage(this.#first)) {
      if (this.#tail.length > 0) this.#keepTail(chunk.subarray(from, end))
      this.#skip =
        this.#tail.length > 0 ? sizeAtEnd(this.#tail, 0, this.#tail.length) : sizeAtEnd(chunk, from, end)
      if (this.#skip < 0) throw new PeerError('bad_broker_frame', 'a message of NATS has no size', RETRIED)
      checkSize(this.#skip, this.#limits)
    }
    this.#lineBytes = 0
    if (this.#tail.length > 0) this.#tail = this.#tail.subarray(0, 0)
  }
}

/** `M` of MSG or `H` of HMSG; NATS's clients take small letters too. */
function isMessage(first: number): boolean {
  const letter = first & 0xdf
  return letter === 0x4d || letter === 0x48
}

/** Returns the number at the end of a line, before blanks; -1 if there is none. */
function sizeAtEnd(line: Uint8Array, from: number, end: number): number {
  let at = end - 1
  while (at >= from && isBlank(line[at]!)) at--
  let size = 0
  let place = 1
  const last = at
  for (; at >= from && line[at]! >= ZERO && line[at]! <= NINE; at--) {
    size += (line[at]! - ZERO) * place
    place *= 10
  }
  return at === last ? -1 : size
}

function isBlank(byte: number): boolean {
  return byte === CR || byte === SPACE || byte === TAB
}

/** Reads the lengths of Kafka's responses, four bytes before each, and skips the responses. */
export class KafkaFrames implements FrameReader {
  readonly #limits: BrokerLimits
  #skip = 0
  #length = 0
  #lengthBytes = 0

  constructor(limits: BrokerLimits) {
    this.#limits = limits
  }

  read(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      const skipped = Math.min(this.#skip, chunk.length - at)
      this.#skip -= skipped
      at += skipped
      if (this.#skip === 0 && at < chunk.length) this.#readLengthByte(chunk[at++]!)
    }
  }

  #readLengthByte(byte: number): void {
    this.#length = this.#length * 256 + byte
    if (++this.#lengthBytes < LENGTH_BYTES) return
    checkSize(this.#length, this.#limits)
    this.#skip = this.#length
    this.#length = 0
    this.#lengthBytes = 0
  }
}

const RETRIED = { transient: true }

function checkSize(size: number, { messageBytes }: BrokerLimits): void {
  if (size > messageBytes)
    throw new PeerError(
      'broker_frame_too_large',
      `the broker announced ${size} bytes in one piece; \`[couchette] max_peer_document\` allows ${messageBytes}`,
      RETRIED,
    )
}
