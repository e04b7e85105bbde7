import { fail } from '../../protocol/errors.ts'
import type { BlobStore } from './blob-store.ts'
import type { IncomingBlob } from './incoming-blob.ts'
import type { ContentAddress } from './content-address.ts'
import type { AttachmentFiles } from './files.ts'
import { FileSink } from './ingest/file-sink.ts'
import { IngestJob } from './ingest/ingest-job.ts'
import type { IngestResult } from './ingest/messages.ts'
import type { IngestSink } from './ingest/sink.ts'
import { WorkerSink } from './ingest/worker-sink.ts'
import type { IngestWorkers } from './ingest/workers.ts'

/** An attachment that comes in, as its sender describes it. */
export interface IncomingAttachment {
  readonly name: string
  readonly contentType: string
  /** Encoding of the received bytes. */
  readonly encoding: 'identity' | 'gzip'
  /** Bytes before encoding, where the sender of encoded bytes says so. */
  readonly length?: number | undefined
  /** Bytes that are announced to come. */
  readonly announced?: number | undefined
  /** MD5 of the bytes that come, to be checked. */
  readonly digest?: Buffer | undefined
}

/** Metadata of a received attachment, as a revision's record keeps it. */
export interface ReceivedMetadata {
  readonly name: string
  readonly contentType: string
  readonly digest: string
  readonly length: number
  readonly encoding?: 'gzip'
  readonly encodedLength?: number
  readonly content: string
  /** Of one that is taken over from another document; otherwise the new revision's. */
  readonly revpos?: number
}

/** A received attachment; its content stays until `release`, and from then on as long as a commit refers to it. */
export interface ReceivedAttachment {
  readonly metadata: ReceivedMetadata
  /** To be called when the commit is done or has failed. Idempotent. */
  release(): void
}

/** The part of the attachment store that uploads use. */
export interface UploadServices {
  readonly blobs: BlobStore
  readonly workers: IngestWorkers
  readonly files: AttachmentFiles | undefined
  /** zlib's level for attachments of a type, undefined where they are stored as they come. */
  readonly compressionLevel: (contentType: string) => number | undefined
  /** Bytes. */
  readonly maxSize: number
  /** Stored bytes up to which content lies in the store itself. */
  readonly inlineLimit: number
}

/** Compressing this many bytes takes about a millisecond, no more than handing them to a worker and back. */
const SMALL_TO_COMPRESS = 2 * 1024

/** Up to this many bytes are hashed in the event loop as they come: a worker would cost as much. */
const SMALL_BYTES = 256 * 1024
/** Up to this many too, while no other attachment comes in: alone, one thread is done as soon as two. */
const MEDIUM_BYTES = 4 * 1024 * 1024

/**
 * One attachment on its way in. Little data is kept until its end, more goes to a file, and much of it, or what is to
 * be compressed, through a worker. Ends by `finish` or by `abort`, which leaves nothing behind.
 */
export class Upload {
  readonly #services: UploadServices
  readonly #incoming: IncomingAttachment
  /** zlib's level where the attachment is to be compressed. */
  readonly #level: number | undefined
  #received = 0
  #kept: { readonly bytes: Uint8Array; readonly transferable: boolean }[] = []
  #sink: Promise<IngestSink> | undefined

  constructor(services: UploadServices, incoming: IncomingAttachment) {
    this.#services = services
    this.#incoming = incoming
    const { encoding, contentType } = incoming
    this.#level = encoding === 'gzip' ? undefined : services.compressionLevel(contentType)
  }

  /**
   * Takes the next bytes; waits when they come faster than they are stored. The bytes must not change afterwards.
   *
   * @param transferable whether the caller does not look at the bytes again: where they are all of their memory, it is freed
   * @throws `attachment_too_large`
   */
  async write(bytes: Uint8Array, transferable = false): Promise<void> {
    this.#received += bytes.length
    const { maxSize, inlineLimit } = this.#services
    if (this.#received > maxSize) throw fail('attachmentTooLarge', this.#incoming.name)
    if (this.#sink !== undefined) {
      await (await this.#sink).write(bytes, transferable)
      return
    }
    this.#kept.push({ bytes, transferable })
    if (this.#received <= (this.#level === undefined ? inlineLimit : SMALL_TO_COMPRESS)) return
    this.#sink = this.#openSink()
    const sink = await this.#sink
    for (const kept of this.#kept.splice(0)) await sink.write(kept.bytes, kept.transferable)
  }

  /**
   * Ends the attachment and returns when its data is on disk.
   *
   * @throws `content_md5_mismatch` where the sender's digest is another
   */
  async finish(): Promise<ReceivedAttachment> {
    const { result, blob } = this.#sink === undefined ? this.#finishHere() : await (await this.#sink).finish()
    const { digest } = this.#incoming
    if (digest !== undefined && !digest.equals(result.receivedMd5)) {
      if (blob.kind === 'file') await this.#services.files?.discard(blob.file)
      throw fail('md5Mismatch')
    }
    const pin = await this.#services.blobs.adopt(result.md5, blob)
    return { metadata: this.#metadata(result, pin.address), release: () => pin.release() }
  }

  /** Forgets what came. Idempotent, and without effect after `finish`. */
  async abort(): Promise<void> {
    this.#kept = []
    const sink = await this.#sink?.catch(() => undefined)
    await sink?.abort()
  }

  async #openSink(): Promise<IngestSink> {
    const { files, workers, inlineLimit } = this.#services
    const { announced = Infinity } = this.#incoming
    if (this.#level === undefined && files !== undefined) {
      const limit = files.open === 0 ? MEDIUM_BYTES : SMALL_BYTES
      if (announced <= limit) return FileSink.open(files)
    }
    return WorkerSink.open(workers, files, { compressionLevel: this.#level, inlineLimit })
  }

  #finishHere(): { result: IngestResult; blob: IncomingBlob } {
    const job = new IngestJob({ compressionLevel: this.#level, inlineLimit: Infinity, file: undefined })
    for (const { bytes } of this.#kept.splice(0)) job.write(bytes)
    job.end()
    const result = job.result() as IngestResult
    return { result, blob: { kind: 'inline', bytes: result.bytes ?? new Uint8Array(0) } }
  }

  #metadata(result: IngestResult, content: ContentAddress): ReceivedMetadata {
    const { name, contentType, encoding, length } = this.#incoming
    const digest = `md5-${Buffer.from(result.md5).toString('base64')}`
    const { receivedLength, storedLength } = result
    if (this.#level === undefined && encoding === 'identity') {
      return { name, contentType, digest, length: storedLength, content }
    }
    const decodedLength = encoding === 'gzip' ? (length ?? storedLength) : receivedLength
    return {
      name,
      contentType,
      digest,
      length: decodedLength,
      encoding: 'gzip',
      encodedLength: storedLength,
      content,
    }
  }
}
