import test from 'ava'
import { gunzipSync } from 'node:zlib'
import { gzipNow } from '../../../../server/attachments/ingest/gzip-now.ts'
import { IngestJob } from '../../../../server/attachments/ingest/ingest-job.ts'

const LEVEL = 8

/** Compresses bytes in pieces, as a worker does with an upload: the result has the digests that CouchDB records. */
function gzipInPieces(bytes: Buffer, piece: number, level = LEVEL): Uint8Array | undefined {
  const job = new IngestJob({
    compressionLevel: level,
    inlineLimit: Infinity,
    isShared: false,
    file: undefined,
  })
  for (let at = 0; at < bytes.length; at += piece) job.write(bytes.subarray(at, at + piece))
  job.end()
  return job.result()?.bytes
}

/** A text of which much was in it before, and some was not. */
function textOf(length: number, seed: number): Buffer {
  let state = seed
  const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0)
  const words = ['order', 'of', 'customer', 'paid', '{"id":', '\n', ' ', String(seed)]
  let text = ''
  while (text.length < length) {
    text += next() % 5 === 0 ? String(next()) : words[(next() >>> 8) % words.length]!
  }
  return Buffer.from(text).subarray(0, length)
}

test('compresses at once to the bytes that an upload in pieces has, whatever was compressed before', t => {
  const lengths = [0, 1, 2, 3, 300, 70_000, 5, 1024, 2048, 3000, 32_768, 33_000, 8192, 0, 262_144, 10]
  for (const [index, length] of lengths.entries()) {
    const bytes = textOf(length, index + 1)
    const zipped = gzipNow(bytes, LEVEL)
    t.deepEqual(zipped, Buffer.from(gzipInPieces(bytes, 1000) ?? []), `${length} bytes`)
    t.deepEqual(gunzipSync(zipped), bytes)
  }
})

test('compresses what cannot be compressed, and at each level', t => {
  const noise = Buffer.from(
    Array.from({ length: 5000 }, (_, index) => (Math.imul(index, 2_654_435_761) >>> 13) & 255),
  )
  for (let level = 1; level <= 9; level++) {
    for (const bytes of [noise, textOf(5000, level)]) {
      t.deepEqual(
        gzipNow(bytes, level),
        Buffer.from(gzipInPieces(bytes, bytes.length, level) ?? []),
        `level ${level}`,
      )
    }
  }
})
