import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { BlobPin } from './blob-store.ts'
import type { AttachmentFiles } from './files.ts'

const READ_BYTES = 256 * 1024

/** Bytes `from` up to, not including, `to` of pinned content; the pin is released at the end. */
export async function* readPinned(
  pin: BlobPin,
  files: AttachmentFiles | undefined,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  try {
    if (pin.place.kind === 'inline') yield pin.place.bytes.subarray(from, to)
    else if (files !== undefined) yield* readFile(files, pin.place.file, from, to)
  } finally {
    pin.release()
  }
}

async function* readFile(
  files: AttachmentFiles,
  file: number,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  const handle = await files.openForReading(file)
  try {
    for (let at = from; at < to;) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, to - at))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) throw new Error(`attachment file ${file} is shorter than recorded`)
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await handle.close()
  }
}

/** The decoded bytes of gzipped ones. */
export function gunzipped(bytes: AsyncIterable<Uint8Array>): Readable {
  const source = Readable.from(bytes, { objectMode: false, highWaterMark: READ_BYTES })
  // Errors reach the reader through the last stream; the callback only tells that somebody cares.
  return pipeline(source, createGunzip({ chunkSize: 64 * 1024 }), () => undefined)
}
