import { hash } from 'node:crypto'
import { fail } from '../../protocol/errors.ts'
import type { BlobStore } from './blob-store.ts'
import type { IncomingBlob } from './incoming-blob.ts'
import type { ContentAddress } from './content-address.ts'
import type { AttachmentFiles } from './files.ts'
import { FileSink } from './ingest/file-sink.ts'
import { gzipNow } from './ingest/gzip-now.ts'
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
  /** True in a cluster, where content is addressed by its SHA-256, too. */
  readonly isShared: boolean
}

/** Compressing this many bytes takes less than a millisecond, no more than handing them to a worker and back. */
const SMALL_TO_COMPRESS = 8 * 1024

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
    const pin = await this.#services.blobs.adopt(result, blob)
    const metadata = metadataOf(this.#incoming, this.#level !== undefined, result, pin.address)
    return { metadata, release: () => pin.release() }
  }

  /** Forgets what came. Idempotent, and without effect after `finish`. */
  async abort(): Promise<void> {
    this.#kept = []
    const sink = await this.#sink?.catch(() => undefined)
    await sink?.abort()
  }

  async #openSink(): Promise<IngestSink> {
    const { files, workers, inlineLimit, isShared } = this.#services
    const { announced = Infinity } = this.#incoming
    if (this.#level === undefined && files !== undefined) {
      const limit = files.open === 0 ? MEDIUM_BYTES : SMALL_BYTES
      if (announced <= limit) return FileSink.open(files, isShared)
    }
    return WorkerSink.open(workers, files, { compressionLevel: this.#level, inlineLimit, isShared })
  }

  #finishHere(): { result: IngestResult; blob: IncomingBlob } {
    // A copy: what came may be a small part of a large piece of memory.
    const received = Buffer.concat(this.#kept.splice(0).map(({ bytes }) => bytes))
    const bytes = this.#level === undefined ? received : gzipNow(received, this.#level)
    const md5 = hash('md5', bytes, 'buffer')
    const receivedMd5 = bytes === received ? md5 : hash('md5', received, 'buffer')
    const lengths = { receivedLength: received.length, storedLength: bytes.length }
    const sha256 = this.#services.isShared ? hash('sha256', bytes, 'buffer') : undefined
    return { result: { md5, sha256, receivedMd5, ...lengths, bytes }, blob: { kind: 'inline', bytes } }
  }
}

/**
 * Takes in a whole attachment at once; returns undefined where it is not small, or something has to be waited for.
 *
 * @param bytes not encoded; they must not change afterwards
 */
export function receiveNow(
  { blobs, compressionLevel, maxSize, inlineLimit, isShared }: UploadServices,
  incoming: Pick<IncomingAttachment, 'name' | 'contentType'>,
  bytes: Uint8Array,
): ReceivedAttachment | undefined {
  const level = compressionLevel(incoming.contentType)
  if (bytes.length > maxSize || bytes.length > (level === undefined ? inlineLimit : SMALL_TO_COMPRESS))
    return undefined
  const stored = level === undefined ? bytes : gzipNow(bytes, level)
  const md5 = hash('md5', stored, 'buffer')
  const sha256 = isShared ? hash('sha256', stored, 'buffer') : undefined
  const pin = blobs.adoptNow({ md5, sha256 }, stored)
  if (pin === undefined) return undefined
  const lengths = { receivedLength: bytes.length, storedLength: stored.length }
  const described = { ...incoming, encoding: 'identity' as const }
  return {
    metadata: metadataOf(described, level !== undefined, { md5, ...lengths }, pin.address),
    release: () => pin.release(),
  }
}

function metadataOf(
  { name, contentType, encoding, length }: IncomingAttachment,
  isCompressed: boolean,
  { md5, receivedLength, storedLength }: Pick<IngestResult, 'md5' | 'receivedLength' | 'storedLength'>,
  content: ContentAddress,
): ReceivedMetadata {
  const digest = `md5-${Buffer.from(md5).toString('base64')}`
  if (!isCompressed && encoding === 'identity') {
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
