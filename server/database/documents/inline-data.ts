import { bufferOf } from '../../../protocol/bytes.ts'
import type { Attachments } from '../../attachments/attachments.ts'
import { type DataPlace, type InlineData, UnfilledJson } from './unfilled-json.ts'

/** Puts the attachments' decoded data, in base64, into the pieces of an answer that lack it. */
export async function* withInlineData(
  pieces: AsyncIterable<Uint8Array | string | UnfilledJson> | Iterable<string | UnfilledJson>,
  store: Attachments,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) {
    if (piece instanceof UnfilledJson) yield* filled(piece, store)
    else yield typeof piece === 'string' ? Buffer.from(piece) : piece
  }
}

/** Gives JSON with its data in pieces. All contents that it needs are held until the last piece has been given. */
export async function* filled(
  json: UnfilledJson,
  store: Attachments,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { bytes: text, places } = json
  const releases: (() => void)[] = []
  const gathered = new Gathered()
  try {
    for (const { data } of places) {
      const release = store.hold(data.content)
      releases.push(release instanceof Promise ? await release : release)
    }
    let from = 0
    for (const { offset, data } of places) {
      gathered.add(text.subarray(from, offset))
      from = offset
      const bytes = store.readDecodedNow(data)
      if (bytes === undefined) {
        yield gathered.take()
        yield* base64(await store.readDecoded(data))
      } else {
        gathered.add(base64Of(bytes))
        if (gathered.bytes >= GATHERED_BYTES) yield gathered.take()
      }
    }
    gathered.add(text.subarray(from))
    yield gathered.take()
  } finally {
    for (const release of releases) release()
  }
}

/**
 * Puts in the data of a document that is small and lies in the store: then damaged data is known before anything of the
 * document was sent. Other data is left for later.
 *
 * @throws {DamagedValueError} where data is not what was stored
 */
export async function withSmallData(json: UnfilledJson, store: Attachments): Promise<UnfilledJson> {
  if (json.places.length === 0) return json
  const { bytes: text, places } = json
  const gathered = new Gathered()
  const left: DataPlace[] = []
  let from = 0
  for (const { offset, data } of places) {
    gathered.add(text.subarray(from, offset))
    from = offset
    const bytes = gathered.bytes < FILLED_BYTES ? await readSmall(data, store) : undefined
    if (bytes === undefined) left.push({ offset: gathered.bytes, data })
    else gathered.add(base64Of(bytes))
  }
  gathered.add(text.subarray(from))
  return new UnfilledJson(bufferOf(gathered.take()), left)
}

/** Most bytes of one document that are put in before it is sent. */
const FILLED_BYTES = 256 * 1024

async function readSmall(data: InlineData, store: Attachments): Promise<Uint8Array | undefined> {
  const release = await store.hold(data.content)
  try {
    return store.readDecodedNow(data)
  } finally {
    release()
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
