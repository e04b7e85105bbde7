import type { Readable } from 'node:stream'
import { fail } from '../../../protocol/errors.ts'

/** Bytes that may wait for the reader before the connection does. */
const MAX_WAITING = 512 * 1024

/** Memory that a chunk takes beside its bytes: a client may cut them as small as it likes. */
const CHUNK_OVERHEAD = 128

/**
 * The bytes of a request as they come, at the reader's pace. A client that sends none for a while is given up, so that
 * it holds nothing for ever. A reader that stops early leaves the connection as it is, to be answered.
 *
 * @param atEnd waited for when all has come, before the reader is told
 * @throws `upload_stalled`, what `atEnd` throws, and an error when the client goes away
 */
export async function* uploadedBytes(
  source: Readable,
  idleMs: number,
  atEnd: () => Promise<void> | undefined = () => undefined,
): AsyncGenerator<Buffer> {
  const upload = new UploadReader(source, idleMs)
  try {
    for (;;) {
      const chunk = upload.take() ?? (await upload.next())
      if (chunk === undefined) {
        await atEnd()
        return
      }
      yield chunk
    }
  } finally {
    upload.close()
  }
}

/** Reads by events: a stream's own iterator costs several promises a chunk, and destroys the request on the way out. */
class UploadReader {
  readonly #source: Readable
  readonly #idleMs: number
  #timer: NodeJS.Timeout
  #chunks: Buffer[] = []
  #waiting = 0
  #ended = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  constructor(source: Readable, idleMs: number) {
    this.#source = source
    this.#idleMs = idleMs
    this.#timer = this.#startTimer()
    source
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('error', this.#onError)
      .on('close', this.#onClose)
  }

  /** Returns the next chunk that has come already; undefined if none has. */
  take(): Buffer | undefined {
    const chunk = this.#chunks.shift()
    if (chunk === undefined) return undefined
    this.#waiting -= chunk.length + CHUNK_OVERHEAD
    if (this.#waiting < MAX_WAITING && this.#source.isPaused()) this.#resume()
    return chunk
  }

  /** Waits for the next chunk; undefined at the end of the body. */
  async next(): Promise<Buffer | undefined> {
    while (this.#chunks.length === 0) {
      if (this.#error !== undefined) throw this.#error
      if (this.#ended) return undefined
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
    return this.take()
  }

  /** Stops reading and discards the rest, so that the connection can serve further requests if the rest is small. */
  close(): void {
    clearTimeout(this.#timer)
    this.#source.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).resume()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk)
    this.#waiting += chunk.length + CHUNK_OVERHEAD
    if (this.#waiting >= MAX_WAITING) this.#pause()
    else this.#timer.refresh()
    this.#wakeUp()
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#wakeUp()
  }

  readonly #onError = (error: Error): void => {
    this.#error ??= error
    this.#wakeUp()
  }

  readonly #onClose = (): void => {
    if (!this.#ended) this.#onError(new ClientGoneError())
  }

  /** While the reader is the slow one, the client is not to be blamed. */
  #pause(): void {
    this.#source.pause()
    clearTimeout(this.#timer)
  }

  #resume(): void {
    this.#timer = this.#startTimer()
    this.#source.resume()
  }

  #startTimer(): NodeJS.Timeout {
    return setTimeout(() => this.#onError(fail('uploadStalled')), this.#idleMs)
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

/** A client that left in the middle of its upload; there is nobody to answer. */
class ClientGoneError extends Error {
  readonly code = 'ERR_STREAM_PREMATURE_CLOSE'
}
