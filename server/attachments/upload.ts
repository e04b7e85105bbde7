import { fail } from '../../protocol/errors.ts'
import type { BlobPin, BlobStore, IncomingBlob } from './blob-store.ts'
import { contentAddress } from './content-address.ts'
import type { AttachmentFiles, IncomingFile } from './files.ts'
import { IngestJob } from './ingest/ingest-job.ts'
import type { IngestResult } from './ingest/messages.ts'
import type { WorkerJob } from './ingest/worker-job.ts'
import type { IngestWorkers } from './ingest/workers.ts'

/** An attachment that comes in, as its sender describes it. */
export interface IncomingAttachment {
  readonly name: string
  readonly contentType: string
  /** How the bytes that come are encoded. */
  readonly encoding: 'identity' | 'gzip'
  /** Bytes before encoding, where the sender of encoded bytes says so. */
  readonly length?: number | undefined
  /** MD5 of the bytes that come, to be checked. */
  readonly digest?: Buffer | undefined
}

/** What is to be known of an attachment that was received, as a revision's record keeps it. */
export interface ReceivedMetadata {
  readonly name: string
  readonly contentType: string
  readonly digest: string
  readonly length: number
  readonly encoding?: 'gzip'
  readonly encodedLength?: number
  readonly content: string
}

/** A received attachment; its content stays until `release`, and from then on as long as a commit refers to it. */
export interface ReceivedAttachment {
  readonly metadata: ReceivedMetadata
  /** To be called when the commit is done or given up. Idempotent. */
  release(): void
}

/** What an upload needs of the attachment store. */
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

/**
 * One attachment on its way in. Little data is hashed and compressed here, as it is read; more of it goes to a worker.
 * Ends by `finish` or by `abort`, which leaves nothing behind.
 */
export class Upload {
  readonly #services: UploadServices
  readonly #incoming: IncomingAttachment
  #received = 0
  #kept: Uint8Array[] = []
  #job: WorkerJob | undefined
  #file: Promise<IncomingFile> | undefined

  constructor(services: UploadServices, incoming: IncomingAttachment) {
    this.#services = services
    this.#incoming = incoming
  }

  /**
   * Takes the next bytes; waits when they come faster than they are stored. The bytes must not change afterwards.
   *
   * @throws `attachment_too_large`
   */
  async write(bytes: Uint8Array): Promise<void> {
    this.#received += bytes.length
    const { maxSize, inlineLimit } = this.#services
    if (this.#received > maxSize) throw fail('attachmentTooLarge', this.#incoming.name)
    if (this.#job === undefined) {
      this.#kept.push(bytes)
      const limit = this.#level === undefined ? inlineLimit : SMALL_TO_COMPRESS
      if (this.#received > limit) await this.#moveToWorker()
      return
    }
    await this.#job.write(bytes)
  }

  /**
   * Ends the attachment and returns when its data is on disk.
   *
   * @throws `content_md5_mismatch` where the sender's digest is another
   */
  async finish(): Promise<ReceivedAttachment> {
    const result = await (this.#job?.finish() ?? this.#finishHere())
    const { digest } = this.#incoming
    if (digest !== undefined && !digest.equals(result.receivedMd5)) throw fail('md5Mismatch')
    const pin = await this.#adopt(result)
    return { metadata: this.#metadata(result), release: () => pin.release() }
  }

  /** Forgets what came. Idempotent, and without effect after `finish`. */
  async abort(): Promise<void> {
    this.#kept = []
    await this.#job?.abort()
    const file = await this.#takeFile().catch(() => undefined)
    if (file !== undefined) await this.#services.files?.discard(file)
  }

  get #level(): number | undefined {
    const { encoding, contentType } = this.#incoming
    return encoding === 'gzip' ? undefined : this.#services.compressionLevel(contentType)
  }

  #finishHere(): IngestResult {
    const job = new IngestJob({ compressionLevel: this.#level, inlineLimit: Infinity })
    for (const bytes of this.#kept.splice(0)) job.write(bytes)
    job.end()
    return job.result() as IngestResult
  }

  async #moveToWorker(): Promise<void> {
    const options = { compressionLevel: this.#level, inlineLimit: this.#services.inlineLimit }
    const job = (this.#job = this.#services.workers.open(options, () => this.#openFile()))
    for (const bytes of this.#kept.splice(0)) await job.write(bytes)
  }

  async #openFile(): Promise<number> {
    const { files } = this.#services
    if (files === undefined) throw new Error('there are no files to write to')
    this.#file = files.create()
    return (await this.#file).handle.fd
  }

  async #takeFile(): Promise<IncomingFile | undefined> {
    const file = this.#file
    this.#file = undefined
    return file
  }

  async #adopt(result: IngestResult): Promise<BlobPin> {
    const file = await this.#takeFile()
    const blob: IncomingBlob =
      file === undefined
        ? { kind: 'inline', bytes: result.bytes ?? new Uint8Array(0) }
        : { kind: 'file', file, length: result.storedLength }
    return this.#services.blobs.adopt(contentAddress(result.sha256), blob)
  }

  #metadata(result: IngestResult): ReceivedMetadata {
    const { name, contentType, encoding, length } = this.#incoming
    const digest = `md5-${Buffer.from(result.md5).toString('base64')}`
    const content = contentAddress(result.sha256)
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
