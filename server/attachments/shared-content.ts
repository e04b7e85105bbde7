import { timingSafeEqual } from 'node:crypto'
import {
  addressOfBlobKey,
  blobKey,
  isBlobCheckKey,
  isBlobFileKey,
  isBlobRecordKey,
  NO_DATABASE,
  partsOfBlobCheckKey,
  partsOfBlobReferenceKey,
} from '../storage/attachment-keys.ts'
import type { Store } from '../storage/store.ts'
import { forEachWrite, type WriteSet, WriteSetBuilder } from '../storage/write-set.ts'
import { decodeBlobRecord, encodeBlobRecord, lengthOf } from './blob-record.ts'
import type { BlobPin, BlobStore } from './blob-store.ts'
import { addressBytes, addressFromBytes, asContentAddress, type ContentAddress } from './content-address.ts'
import type { AttachmentFiles } from './files.ts'
import { FileSink } from './ingest/file-sink.ts'
import type { IngestSink } from './ingest/sink.ts'
import { hasReference } from './references.ts'

/** Some bytes of content that lies in files. */
export interface ContentPiece {
  readonly address: string
  /** Offset of the bytes in the content. */
  readonly offset: number
  readonly bytes: Uint8Array
  readonly isLast: boolean
}

/** Content on its way from another node: being written, or kept until a commit refers to it. */
interface Incoming {
  received: number
  sink: IngestSink | undefined
  pin: BlobPin | undefined
}

/** A commit's records of content, as they go to other nodes. */
export interface SharedRecords {
  readonly content: WriteSet
  /** Content whose bytes others must have before. */
  readonly files: readonly ContentAddress[]
}

/** A commit's records of content, as a node that follows stores them. */
export interface LocalRecords {
  readonly content: WriteSet
  /** True where all content that was taken belongs to this commit. */
  readonly isComplete: boolean
  /** To be called when the records are written: content is held until then. */
  readonly release: () => void
}

/**
 * Content of attachments between the nodes of a cluster. A node that leads gives others what a commit refers to and they may
 * lack; one that follows keeps it in files of its own, until the commit comes or the leader is another.
 */
export class SharedContent {
  readonly #store: Store
  readonly #blobs: BlobStore
  readonly #files: AttachmentFiles | undefined
  readonly #read: (content: string) => Promise<AsyncIterable<Uint8Array>>
  readonly #incoming = new Map<string, Incoming>()

  constructor(
    store: Store,
    blobs: BlobStore,
    files: AttachmentFiles | undefined,
    read: (content: string) => Promise<AsyncIterable<Uint8Array>>,
  ) {
    this.#store = store
    this.#blobs = blobs
    this.#files = files
    this.#read = read
  }

  /** True while content is here that no commit refers to yet. */
  get isIncoming(): boolean {
    return this.#incoming.size > 0
  }

  /**
   * Returns a commit's records of content for other nodes. They have all that a stored body of the same database refers to;
   * what it does not may have been removed there, and goes with the commit.
   */
  async outgoing(content: WriteSet): Promise<SharedRecords> {
    const records = new Map<string, Uint8Array>()
    const [references, shared] = [[] as Uint8Array[], new WriteSetBuilder()]
    forEachWrite(content, (key, value) => {
      if (value !== undefined && isBlobRecordKey(key))
        records.set(addressFromBytes(addressOfBlobKey(key)), value)
      else if (!isBlobFileKey(key)) {
        if (value === undefined) shared.delete(key)
        else shared.put(key, value)
      }
      if (value !== undefined && partsOfBlobReferenceKey(key) !== undefined) references.push(key)
    })
    for (const key of references) await this.#addMissing(key, records)
    const files: ContentAddress[] = []
    for (const [address, record] of records) {
      const place = decodeBlobRecord(record)
      if (place.kind === 'file') files.push(asContentAddress(address))
      // The number and the salt of a file are this node's own.
      const own = place.kind === 'inline' ? record : encodeBlobRecord({ ...place, file: 0, salt: undefined })
      shared.put(blobKey(addressBytes(address)), own)
    }
    return { content: shared.entries, files }
  }

  /** Reads content that is in use in pieces of a size. */
  async *pieces(address: string, size: number): AsyncGenerator<ContentPiece> {
    let [held, offset]: [Buffer, number] = [Buffer.alloc(0), 0]
    for await (const bytes of await this.#read(address)) {
      held = Buffer.concat([held, bytes])
      while (held.length > size) {
        yield { address, offset, bytes: held.subarray(0, size), isLast: false }
        offset += size
        held = held.subarray(size)
      }
    }
    yield { address, offset, bytes: held, isLast: true }
  }

  /** Takes the next piece of content from the leader. @throws where pieces are missing, or the bytes are not those of the address */
  async take({ address, offset, bytes, isLast }: ContentPiece): Promise<void> {
    if (this.#files === undefined) throw new Error('files of attachments are not configured')
    if (offset === 0) await this.#begin(address, this.#files)
    const incoming = this.#incoming.get(address)
    if (incoming === undefined || incoming.received !== offset)
      throw new Error(`the log lacks a piece of an attachment's content (${address}) before ${offset}`)
    // A copy: the bytes are part of an entry.
    await incoming.sink?.write(Buffer.from(bytes), false)
    incoming.received += bytes.length
    if (isLast) await this.#finish(address, incoming)
  }

  /**
   * Returns a commit's records of content as this node stores them, with what was taken for it.
   *
   * @throws where content is missing
   */
  async localize(content: WriteSet): Promise<LocalRecords> {
    const pins: BlobPin[] = []
    const local = new WriteSetBuilder()
    const references: { readonly address: Buffer; readonly database: number }[] = []
    const given = new Set<string>()
    forEachWrite(content, (key, value) => {
      const reference = value === undefined ? undefined : partsOfBlobReferenceKey(key)
      if (reference !== undefined) references.push(reference)
      const isFile = value !== undefined && isBlobRecordKey(key) && decodeBlobRecord(value).kind === 'file'
      if (value !== undefined && isBlobRecordKey(key) && !isFile)
        given.add(addressFromBytes(addressOfBlobKey(key)))
      if (isFile || reference !== undefined) return
      if (value === undefined) local.delete(key)
      else local.put(key, value)
    })
    for (const { address, database } of references) {
      const name = addressFromBytes(address)
      const pin = await this.#blobs.pin(name)
      if (pin !== undefined) pins.push(pin)
      else if (!given.has(name)) throw new Error(`the content of an attachment is missing: ${name}`)
      for (const [key, value] of this.#blobs.referenceTo(name, database)) local.put(key, value)
    }
    const names = new Set<string>(references.map(({ address }) => addressFromBytes(address)))
    const release = (): void => {
      for (const pin of pins) pin.release()
      for (const name of names) this.#forget(name)
    }
    const isComplete = [...this.#incoming.keys()].every(address => names.has(address))
    return { content: local.entries, isComplete, release }
  }

  /** Removes the content that a commit, now written, says may be without any reference. */
  async collect(content: WriteSet): Promise<void> {
    const addresses: ContentAddress[] = []
    forEachWrite(content, (key, value) => {
      if (value === undefined || !isBlobCheckKey(key)) return
      const { database, address } = partsOfBlobCheckKey(key)
      if (database === NO_DATABASE) addresses.push(addressFromBytes(address))
    })
    for (const address of addresses) await this.#blobs.collect(address)
  }

  /** Removes all content that no commit refers to: its leader is another. */
  async discard(): Promise<void> {
    for (const [address, { sink }] of [...this.#incoming]) {
      await sink?.abort()
      this.#forget(address)
    }
  }

  async #addMissing(reference: Uint8Array, records: Map<string, Uint8Array>): Promise<void> {
    const { address, database } = partsOfBlobReferenceKey(reference)!
    const name = addressFromBytes(address)
    if (records.has(name) || (await hasReference(this.#store, database, address))) return
    const record = await this.#store.get(blobKey(address))
    if (record !== undefined) records.set(name, record)
  }

  async #begin(address: string, files: AttachmentFiles): Promise<void> {
    await this.#incoming.get(address)?.sink?.abort()
    this.#forget(address)
    const pin = await this.#blobs.pin(asContentAddress(address))
    const sink = pin === undefined ? await FileSink.open(files, true) : undefined
    this.#incoming.set(address, { received: 0, sink, pin })
  }

  async #finish(address: string, incoming: Incoming): Promise<void> {
    if (incoming.sink === undefined) return
    const { result, blob } = await incoming.sink.finish()
    incoming.sink = undefined
    incoming.pin = await this.#blobs.adopt(result, blob)
    const [expected, found] = [addressBytes(address), addressBytes(incoming.pin.address)]
    const isSame = expected.length === found.length && timingSafeEqual(expected, found)
    if (!isSame || lengthOf(incoming.pin.place) !== incoming.received)
      throw new Error(`the log holds other bytes than those of an attachment's content (${address})`)
  }

  #forget(address: string): void {
    this.#incoming.get(address)?.pin?.release()
    this.#incoming.delete(address)
  }
}
