import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { PassThrough, pipeline } from 'node:stream'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { fileFailure } from './file-failure.ts'

const GZIP = [0x1f, 0x8b]
const CHUNK_BYTES = 256 * 1024

/** A file of documents as it is read, gzipped or not, whatever its name. */
export interface InputFile {
  /** Its text, unzipped. @throws {CommandError} in sentences */
  readonly text: AsyncIterable<Uint8Array>
  /** Bytes of the file; null for standard input. */
  readonly size: number | null
  /** Bytes of the file that were read so far. */
  readonly read: () => number
}

/** @param path "-" for standard input */
export async function openInput(path: string, stdin: Readable): Promise<InputFile> {
  try {
    const size = path === '-' ? null : (await stat(path)).size
    const raw = path === '-' ? stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES })
    let read = 0
    return { text: unzipped(raw, path, bytes => (read += bytes)), size, read: () => read }
  } catch (error) {
    throw fileFailure(error, path)
  }
}

async function* unzipped(
  raw: Readable,
  path: string,
  counted: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  try {
    const chunks = raw[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>
    const first = await chunks.next()
    if (first.done === true) return
    const all = numbered(Buffer.from(first.value), chunks, counted)
    if (!GZIP.every((byte, at) => (first.value as Buffer)[at] === byte)) {
      yield* all
      return
    }
    const source = new PassThrough()
    const text = source.pipe(createGunzip())
    feed(all, source).catch((error: unknown) => text.destroy(error as Error))
    yield* text as AsyncIterable<Buffer>
  } catch (error) {
    throw fileFailure(error, path)
  } finally {
    raw.destroy()
  }
}

async function* numbered(
  first: Buffer,
  rest: AsyncIterator<Buffer | string>,
  counted: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for (let chunk = first; ;) {
    counted(chunk.length)
    yield chunk
    const next = await rest.next()
    if (next.done === true) return
    chunk = Buffer.from(next.value)
  }
}

function feed(chunks: AsyncIterable<Buffer>, source: PassThrough): Promise<void> {
  return new Promise((resolve, reject) =>
    pipeline(chunks, source, error => (error ? reject(error) : resolve())),
  )
}
