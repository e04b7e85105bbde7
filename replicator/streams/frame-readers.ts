import { PeerError } from '../peer-error.ts'
import type { BrokerLimits } from './contract.ts'
import type { FrameReader } from './guarded-sockets.ts'

const [LF, CR, SPACE, TAB, ZERO, NINE] = [10, 13, 32, 9, 48, 57]
/** Bytes of the end of a line that is in several pieces: the size of a message stands there. */
const TAIL_BYTES = 32
const LENGTH_BYTES = 4

/** Reads what stands between payloads, and skips the payloads. */
abstract class PayloadSkipper implements FrameReader {
  protected readonly limits: BrokerLimits
  /** Bytes of the present payload that are still to come. */
  protected skip = 0

  constructor(limits: BrokerLimits) {
    this.limits = limits
  }

  read(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      const skipped = Math.min(this.skip, chunk.length - at)
      this.skip -= skipped
      at += skipped
      if (at < chunk.length) at = this.readHead(chunk, at)
    }
  }

  /** Reads on at a place behind a payload, and sets `skip` where the next payload begins. @returns where it ended */
  protected abstract readHead(chunk: Uint8Array, from: number): number
}

/**
 * Reads the lines of NATS and skips the payloads of its messages: `MSG subject sid [reply] size` and
 * `HMSG subject sid [reply] headers total`, then as many bytes and a line's end.
 */
export class NatsFrames extends PayloadSkipper {
  #lineBytes = 0
  #first = 0
  #tail: Uint8Array = new Uint8Array(0)

  /** Reads the line that begins, or goes on, at a place. */
  protected override readHead(chunk: Uint8Array, from: number): number {
    // The end of a payload, in most cases.
    if (this.#lineBytes === 0 && chunk[from] === CR && chunk[from + 1] === LF) return from + 2
    if (this.#lineBytes === 0) this.#first = chunk[from]!
    const found = chunk.indexOf(LF, from)
    const end = found === -1 ? chunk.length : found
    this.#lineBytes += end - from
    const { lineBytes } = this.limits
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
      this.skip =
        this.#tail.length > 0 ? sizeAtEnd(this.#tail, 0, this.#tail.length) : sizeAtEnd(chunk, from, end)
      if (this.skip < 0) throw new PeerError('bad_broker_frame', 'a message of NATS has no size', RETRIED)
      checkSize(this.skip, this.limits)
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
export class KafkaFrames extends PayloadSkipper {
  #length = 0
  #lengthBytes = 0

  /** Reads one byte of a length. */
  protected override readHead(chunk: Uint8Array, from: number): number {
    this.#length = this.#length * 256 + chunk[from]!
    if (++this.#lengthBytes < LENGTH_BYTES) return from + 1
    checkSize(this.#length, this.limits)
    this.skip = this.#length
    this.#length = 0
    this.#lengthBytes = 0
    return from + 1
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
