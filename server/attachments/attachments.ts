import {
  blobCheckRange,
  blobFileKey,
  fileOfBlobFileKey,
  NO_DATABASE,
  partsOfBlobCheckKey,
} from '../storage/attachment-keys.ts'
import { refusalOf } from '../storage/durable/write-failure.ts'
import type { Store } from '../storage/store.ts'
import { lengthOf } from './blob-record.ts'
import { BlobStore } from './blob-store.ts'
import { addressFromBytes, asContentAddress } from './content-address.ts'
import { AttachmentFiles } from './files.ts'
import { IngestWorkers } from './ingest/workers.ts'
import { gunzipped, missingContent, PinnedReader, readNow } from './read.ts'
import { dropReferences, finishDatabaseChecks, namedFile } from './references.ts'
import { SharedContent } from './shared-content.ts'
import {
  receiveNow,
  Upload,
  type IncomingAttachment,
  type ReceivedAttachment,
  type ReceivedMetadata,
  type UploadServices,
} from './upload.ts'

export interface AttachmentsOptions {
  readonly store: Store
  /** Directory for files of large attachments; undefined keeps all in the store. */
  readonly directory: string | undefined
  /** True for a node of a cluster, which shares its content with others. Default: false. */
  readonly isShared?: boolean
  /** zlib's level for attachments of a type, undefined where they are stored as they come. */
  readonly compressionLevel: (contentType: string) => number | undefined
  /** Bytes; read for each attachment, so that it may change. */
  readonly maxSize: () => number
}

/** Part of an attachment's stored bytes: from `from` up to, not including, `to`. */
export interface StoredRange {
  readonly from: number
  readonly to: number
}

/**
 * Larger content goes to files: LevelDB writes each value twice and more, and holds it in memory; a file costs a sync
 * of its own.
 */
const INLINE_LIMIT = 32 * 1024

/**
 * The attachments of all databases: takes them in, gives them out, and removes those that nobody refers to any more.
 */
export class Attachments {
  readonly #options: AttachmentsOptions
  readonly #files: AttachmentFiles | undefined
  readonly #workers = new IngestWorkers()
  readonly #blobs: BlobStore
  /** Content as other nodes send it and get it. */
  readonly shared: SharedContent
  readonly #unlisten: (() => void) | undefined
  #cleaning: Promise<void>
  #closed = false

  /** Finishes what a crash left of removals, and looks for orphaned files in the background. */
  static async open(options: AttachmentsOptions): Promise<Attachments> {
    const { store, directory } = options
    await finishDatabaseChecks(store)
    const firstFree = ((await namedFile(store, 'last')) ?? -1) + 1
    const files =
      directory === undefined ? undefined : await AttachmentFiles.open(directory, store.encryption, firstFree)
    return new Attachments(options, files)
  }

  private constructor(options: AttachmentsOptions, files: AttachmentFiles | undefined) {
    this.#options = options
    this.#files = files
    this.#blobs = new BlobStore(options.store, files)
    this.shared = new SharedContent(options.store, this.#blobs, files, content => this.read(content))
    this.#cleaning = this.#cleanUp().catch(() => undefined)
    this.#unlisten = options.store.health?.onReopened(() => this.#resume())
  }

  /**
   * Keeps all content until {@link endCopy}: what is removed meanwhile is removed then.
   */
  beginCopy(): void {
    this.#files?.beginCopy()
  }

  async endCopy(): Promise<void> {
    await this.#files?.endCopy()
  }

  /** Copies the files of large attachments, between {@link beginCopy} and {@link endCopy}. */
  async copyTo(directory: string): Promise<void> {
    await this.#files?.copyTo(directory)
  }

  /**
   * Begins to take in an attachment whose bytes the caller pushes.
   *
   * @throws where the store takes no writes: nothing is received that cannot be kept
   */
  upload(incoming: IncomingAttachment): Upload {
    this.#checkHealth()
    return new Upload(this.#services(), incoming)
  }

  /**
   * Takes in a small attachment at once.
   *
   * @param bytes not encoded
   * @returns undefined where it is for {@link receive}: not small, or there is something to wait for
   * @throws where the store takes no writes
   */
  receiveNow(
    incoming: Pick<IncomingAttachment, 'name' | 'contentType'>,
    bytes: Uint8Array,
  ): ReceivedAttachment | undefined {
    this.#checkHealth()
    return receiveNow(this.#services(), incoming, bytes)
  }

  /**
   * Takes in a whole attachment. Whatever fails, nothing is left behind.
   *
   * @param transferable whether nobody else looks at the source's bytes, as in {@link Upload#write}
   * @throws `attachment_too_large`, `content_md5_mismatch`, and what the source throws
   */
  async receive(
    incoming: IncomingAttachment,
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    transferable = false,
  ): Promise<ReceivedAttachment> {
    const upload = this.upload(incoming)
    try {
      for await (const bytes of source) await upload.write(bytes, transferable)
      return await upload.finish()
    } catch (error) {
      await upload.abort()
      throw error
    }
  }

  /** Returns the records that a commit writes so that a database refers to content. */
  referenceTo(content: string, database: number): Iterable<[key: Uint8Array, value: Uint8Array]> {
    return this.#blobs.referenceTo(asContentAddress(content), database)
  }

  /**
   * The stored bytes, all or a range of them. Whoever does not read them to their end must call `return`.
   *
   * @throws when the store has lost them
   */
  async read(content: string, range?: StoredRange): Promise<PinnedReader> {
    const pin = await this.#blobs.pin(asContentAddress(content))
    if (pin === undefined) throw missingContent(content)
    const length = lengthOf(pin.place)
    const { from, to } = range ?? { from: 0, to: length }
    return new PinnedReader(pin, this.#files, { from, to: Math.min(to, length) }, this.#options.store.health)
  }

  /**
   * Keeps a stored attachment for another document to take over.
   *
   * @throws when the store has lost it
   */
  async retain(metadata: ReceivedMetadata): Promise<ReceivedAttachment> {
    return { metadata, release: await this.hold(metadata.content) }
  }

  /**
   * Keeps content for somebody who is going to read it.
   *
   * @returns what lets go of it
   * @throws when the store has lost it
   */
  hold(content: string): (() => void) | Promise<() => void> {
    const pin = this.#blobs.pinNow(asContentAddress(content))
    return pin === undefined ? this.#hold(content) : () => pin.release()
  }

  async #hold(content: string): Promise<() => void> {
    const pin = await this.#blobs.pin(asContentAddress(content))
    if (pin === undefined) throw missingContent(content)
    return () => pin.release()
  }

  /** The bytes without their encoding. */
  async readDecoded(attachment: { content: string; encoding?: 'gzip' }): Promise<AsyncIterable<Uint8Array>> {
    const bytes = await this.read(attachment.content)
    return attachment.encoding === 'gzip' ? gunzipped(bytes) : bytes
  }

  /**
   * The bytes without their encoding, where they are few and lie in the store; undefined where they are for
   * {@link readDecoded}.
   *
   * @throws {DamagedValueError} where they are not what was stored
   */
  readDecodedNow(attachment: { content: string; encoding?: 'gzip' }): Uint8Array | undefined {
    const pin = this.#blobs.pinNow(asContentAddress(attachment.content))
    if (pin === undefined) return undefined
    try {
      return readNow(pin, attachment.encoding, this.#options.store.health)
    } finally {
      pin.release()
    }
  }

  /** Returns whether content is being uploaded, committed or read, and must be kept even without references. */
  isInUse(content: string): boolean {
    return this.#blobs.isPinned(asContentAddress(content))
  }

  /** Removes what no database refers to any more; what is in use, when it no longer is. */
  async collect(contents: Iterable<string>): Promise<void> {
    for (const content of contents) await this.#blobs.collect(asContentAddress(content))
  }

  /** Takes away the references of a database that is being dropped, and what only it referred to. */
  async forgetDatabase(database: number): Promise<void> {
    const addresses = await dropReferences(this.#options.store, database)
    await this.collect(addresses.map(addressFromBytes))
  }

  /** Returns when the cleaning of the start is done. */
  async cleaned(): Promise<void> {
    await this.#cleaning
  }

  /** Idempotent. Uploads must have ended. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unlisten?.()
    await this.#cleaning
    await this.shared.discard()
    await this.#workers.close()
    await this.#blobs.settled()
    await this.#files?.close()
  }

  #checkHealth(): void {
    const { health } = this.#options.store
    if (health !== undefined && health.state !== 'healthy') throw refusalOf(health)
  }

  #services(): UploadServices {
    const { compressionLevel, maxSize, isShared = false } = this.#options
    return {
      blobs: this.#blobs,
      workers: this.#workers,
      files: this.#files,
      compressionLevel,
      isShared,
      maxSize: maxSize(),
      inlineLimit: this.#files === undefined ? Infinity : INLINE_LIMIT,
    }
  }

  async #cleanUp(): Promise<void> {
    await this.#collectUnreferenced()
    await this.#removeOrphans()
  }

  /** Goes on with removals that failed with the store. */
  async #resume(): Promise<void> {
    await this.#blobs.resume()
    this.#cleaning = this.#cleaning.then(() => this.#collectUnreferenced()).catch(() => undefined)
  }

  async #collectUnreferenced(): Promise<void> {
    const left = await this.#options.store.keys(blobCheckRange(NO_DATABASE)).all()
    await this.collect(left.map(key => addressFromBytes(partsOfBlobCheckKey(key).address)))
  }

  /**
   * Removes files from before the start that no record names: uploads that a crash cut off. Those below all that the store names
   * stay unless they are empty: a store that was made beside them by mistake, as where its volume is not mounted, knows nothing of them.
   */
  async #removeOrphans(): Promise<void> {
    if (this.#files === undefined) return
    const { store } = this.#options
    const firstNamed = (await namedFile(store, 'first')) ?? Infinity
    for await (const numbers of this.#files.listOld()) {
      const [first, last] = [numbers[0], numbers.at(-1)]
      if (first === undefined || last === undefined) continue
      const range = { gte: blobFileKey(first), lte: blobFileKey(last) }
      const named = new Set((await store.keys(range).all()).map(fileOfBlobFileKey))
      for (const number of numbers) {
        if (this.#closed) return
        if (named.has(number)) continue
        if (number > firstNamed || (await this.#files.isEmpty(number))) await this.#files.remove(number)
      }
    }
  }
}
