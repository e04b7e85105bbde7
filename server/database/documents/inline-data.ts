import { bufferOf } from '../../../protocol/bytes.ts'
import { randomUUID } from 'node:crypto'
import type { Attachments } from '../../attachments/attachments.ts'
import type { StoredAttachment } from './body-record.ts'

/**
 * JSON with attachments inline is put together without their data, which may be larger than memory and is filled in
 * while the answer is sent. A placeholder stands for it: the content's address between two control characters, which
 * occur nowhere else in JSON, since strings escape them.
 */
const MARK = 0x01
const MARK_TEXT = String.fromCharCode(MARK)
const GZIP = 'z'
const IDENTITY = '-'

type Placed = Pick<StoredAttachment, 'content' | 'encoding'>

/** Returns the placeholder for an attachment's data, which `withInlineData` replaces by the data in base64. */
export function placeholderOf({ content, encoding }: Placed): string {
  return `${MARK_TEXT}${encoding === 'gzip' ? GZIP : IDENTITY}${content}${MARK_TEXT}`
}

/** Applies a function that parses and prints JSON, with text in place of the placeholders, and puts these back after it. */
export function throughParser(json: Buffer, parse: (json: Buffer) => Buffer): Buffer {
  if (!json.includes(MARK)) return parse(json)
  // The text is random, so that nobody can write a document that has it.
  const mark = randomUUID()
  const shown = parse(Buffer.from(json.toString('latin1').replaceAll(MARK_TEXT, mark), 'latin1'))
  return Buffer.from(shown.toString('latin1').replaceAll(mark, MARK_TEXT), 'latin1')
}

/**
 * Replaces placeholders by the attachments' decoded data in base64. The content that a piece refers to is held until the
 * piece has been given.
 */
export async function* withInlineData(
  pieces: AsyncIterable<Uint8Array | string>,
  store: Attachments,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) {
    const json = bytesOf(piece)
    if (json.includes(MARK)) yield* filled(json, store)
    else yield json
  }
}

function bytesOf(piece: Uint8Array | string): Buffer {
  return typeof piece === 'string' ? Buffer.from(piece) : bufferOf(piece)
}

async function* filled(json: Buffer, store: Attachments): AsyncGenerator<Uint8Array, void, undefined> {
  const parts = split(json)
  const releases: (() => void)[] = []
  const gathered = new Gathered()
  try {
    for (const { place } of parts) {
      if (place === undefined) continue
      const release = store.hold(place.content)
      releases.push(release instanceof Promise ? await release : release)
    }
    for (const { text, place } of parts) {
      gathered.add(text)
      if (place === undefined) continue
      const bytes = store.readDecodedNow(place)
      if (bytes === undefined) {
        yield gathered.take()
        yield* base64(await store.readDecoded(place))
      } else {
        gathered.add(base64Of(bytes))
        if (gathered.bytes >= GATHERED_BYTES) yield gathered.take()
      }
    }
    yield gathered.take()
  } finally {
    for (const release of releases) release()
  }
}

/** Small pieces are sent as one of about this size. */
const GATHERED_BYTES = 64 * 1024

/** Pieces that are sent together. */
class Gathered {
  #pieces: Uint8Array[] = []
  bytes = 0

  add(piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.bytes += piece.length
  }

  take(): Uint8Array {
    const pieces = this.#pieces
    this.#pieces = []
    this.bytes = 0
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  }
}

function base64Of(bytes: Uint8Array): Buffer {
  const { buffer, byteOffset, byteLength } = bytes
  return Buffer.from(Buffer.from(buffer, byteOffset, byteLength).toString('base64'), 'latin1')
}

interface Part {
  readonly text: Buffer
  /** Attachment whose data follows the text; undefined at the end. */
  readonly place: Placed | undefined
}

function split(json: Buffer): Part[] {
  const parts: Part[] = []
  let from = 0
  for (let offset = json.indexOf(MARK); offset >= 0; offset = json.indexOf(MARK, from)) {
    const end = json.indexOf(MARK, offset + 1)
    const content = json.toString('latin1', offset + 2, end)
    const encoding =
      json.toString('latin1', offset + 1, offset + 2) === GZIP ? { encoding: 'gzip' as const } : {}
    parts.push({ text: json.subarray(from, offset), place: { content, ...encoding } })
    from = end + 1
  }
  parts.push({ text: json.subarray(from), place: undefined })
  return parts
}

/** Three bytes are four characters: what is left over of a piece goes with the next. */
async function* base64(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let rest = Buffer.alloc(0)
  for await (const piece of bytes) {
    const whole = Buffer.concat([rest, piece])
    const end = whole.length - (whole.length % 3)
    yield base64Of(whole.subarray(0, end))
    rest = Buffer.from(whole.subarray(end))
  }
  if (rest.length > 0) yield base64Of(rest)
}
