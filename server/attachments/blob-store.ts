import {
  blobCheckKey,
  blobFileKey,
  blobKey,
  blobReferenceKey,
  blobReferenceRange,
  NO_DATABASE,
} from '../storage/attachment-keys.ts'
import { unlessDamaged } from '../storage/encryption/damaged.ts'
import type { Store } from '../storage/store.ts'
import { decodeBlobRecord, encodeBlobRecord, type BlobPlace } from './blob-record.ts'
import { addressBytes, contentAddress, type ContentAddress, type ContentDigests } from './content-address.ts'
import type { AttachmentFiles, IncomingFile } from './files.ts'
import type { IncomingBlob } from './incoming-blob.ts'
import { sameContent } from './same-content.ts'

/** Holds content so that it is not removed. */
export interface BlobPin {
  readonly address: ContentAddress
  readonly place: BlobPlace
  /** Idempotent. */
  release(): void
}

interface Entry {
  pins: number
  /** The stored record; undefined if nothing is stored under the address. */
  place: BlobPlace | undefined
  /** True until a commit has written the record. */
  isNew: boolean
  /** Putting the file on disk. */
  busy: Promise<void>
}

const NOTHING = new Uint8Array(0)
const DONE = Promise.resolve()

/**
 * Content by address: each is stored once, whoever refers to it. A record and the references to it are written in the
 * batch of the commit that needs them, so content is there from the commit on and not before. What is being uploaded,
 * referred to or read is pinned meanwhile; content without a pin and without a reference may be removed.
 */
export class BlobStore {
  readonly #store: Store
  readonly #files: AttachmentFiles | undefined
  readonly #entries = new Map<ContentAddress, Entry>()
  readonly #removing = new Map<ContentAddress, Promise<void>>()
  /** Files whose commit failed with the store. */
  readonly #failed = new Map<number, ContentAddress>()
  /** To be collected as soon as nobody holds it. */
  readonly #deferred = new Set<ContentAddress>()

  /** @param files undefined to keep everything in the store itself */
  constructor(store: Store, files: AttachmentFiles | undefined) {
    this.#store = store
    this.#files = files
  }

  /**
   * Takes over what was received; bytes that are there already are dropped. Returns when the data is on disk.
   *
   * @param digests of the bytes
   */
  async adopt(digests: ContentDigests, blob: IncomingBlob): Promise<BlobPin> {
    const length = blob.kind === 'inline' ? blob.bytes.length : blob.length
    const file = blob.kind === 'file' ? blob.file : undefined
    try {
      for (let variant = 0; ; variant++) {
        const pin = await this.#adoptAs(contentAddress(digests, length, variant), digests, blob)
        if (pin === undefined) continue
        if (file !== undefined && !isIn(file, pin)) await this.#files?.discard(file)
        return pin
      }
    } catch (error) {
      if (file !== undefined) await this.#files?.discard(file).catch(() => undefined)
      throw error
    }
  }

  /** Stores content under an address; returns undefined if other bytes have it. */
  async #adoptAs(
    address: ContentAddress,
    { sha256 }: ContentDigests,
    blob: IncomingBlob,
  ): Promise<BlobPin | undefined> {
    const entry = await this.#acquire(address, true)
    try {
      if (entry.place === undefined) {
        this.#put(entry, blob)
        await entry.busy
        return this.#pin(address, entry)
      }
      await entry.busy
      const isSame = sha256 !== undefined || (await sameContent(blob, entry.place, this.#files))
      if (isSame) return this.#pin(address, entry)
    } catch (error) {
      this.#release(address, entry)
      throw error
    }
    this.#release(address, entry)
    return undefined
  }

  /** Takes over few bytes at once, as {@link adopt} does; undefined where something has to be waited for. */
  adoptNow(digests: ContentDigests, bytes: Uint8Array): BlobPin | undefined {
    for (let variant = 0; ; variant++) {
      const address = contentAddress(digests, bytes.length, variant)
      if (this.#removing.has(address)) return undefined
      const entry = this.#entryOf(address, true)
      if (entry.place?.kind === 'file') return undefined
      if (entry.place === undefined) this.#put(entry, { kind: 'inline', bytes })
      else if (Buffer.compare(entry.place.bytes, bytes) !== 0) continue
      return this.#hold(address, entry)
    }
  }

  /** Pins content that lies in the store itself; undefined where it does not, or something has to be waited for. */
  pinNow(address: ContentAddress): BlobPin | undefined {
    if (this.#removing.has(address)) return undefined
    const entry = this.#entryOf(address)
    return entry.place?.kind === 'inline' ? this.#hold(address, entry) : undefined
  }

  #hold(address: ContentAddress, entry: Entry): BlobPin {
    entry.pins += 1
    this.#entries.set(address, entry)
    return this.#pin(address, entry)
  }

  /** Pins content that is stored or about to be; undefined if there is none. */
  async pin(address: ContentAddress): Promise<BlobPin | undefined> {
    const entry = await this.#acquire(address)
    try {
      await entry.busy
    } catch (error) {
      this.#release(address, entry)
      throw error
    }
    if (entry.place !== undefined) return this.#pin(address, entry)
    this.#release(address, entry)
    return undefined
  }

  /** Returns the records that a commit writes so that the database refers to the content. */
  *referenceTo(address: ContentAddress, database: number): Generator<[key: Uint8Array, value: Uint8Array]> {
    const bytes = addressBytes(address)
    const entry = this.#entries.get(address)
    if (entry?.isNew === true && entry.place !== undefined) {
      yield [blobKey(bytes), encodeBlobRecord(entry.place)]
      if (entry.place.kind === 'file') yield [blobFileKey(entry.place.file), bytes]
    }
    yield [blobReferenceKey(bytes, database), NOTHING]
  }

  isPinned(address: ContentAddress): boolean {
    return this.#entries.has(address)
  }

  /** Removes content that nobody refers to, and its check; what is pinned when its last pin is released. */
  async collect(address: ContentAddress): Promise<void> {
    if (this.isPinned(address)) this.#deferred.add(address)
    else await this.#whileRemoving(address, () => this.#removeUnreferenced(address))
  }

  /** Returns when nothing is being removed. */
  async settled(): Promise<void> {
    await Promise.all(this.#removing.values())
  }

  /** The entry of an address with one more pin, once nothing is being removed there. Parameters of {@link #entryOf}. */
  async #acquire(address: ContentAddress, replaces = false): Promise<Entry> {
    while (this.#removing.has(address)) await this.#removing.get(address)
    const entry = this.#entryOf(address, replaces)
    this.#entries.set(address, entry)
    entry.pins += 1
    return entry
  }

  /**
   * The entry of an address; one without a pin is not kept.
   *
   * @param replaces true where a damaged record counts as none: content of its digest and length takes its place
   */
  #entryOf(address: ContentAddress, replaces = false): Entry {
    return (
      this.#entries.get(address) ?? {
        pins: 0,
        place: replaces ? unlessDamaged(() => this.#stored(address)) : this.#stored(address),
        isNew: false,
        busy: DONE,
      }
    )
  }

  #stored(address: ContentAddress): BlobPlace | undefined {
    const record = this.#store.getSync(blobKey(addressBytes(address)))
    return record === undefined ? undefined : decodeBlobRecord(record)
  }

  /** Others that bring the same bytes meanwhile find the place, and wait until it is on disk. */
  #put(entry: Entry, blob: IncomingBlob): void {
    entry.isNew = true
    if (blob.kind === 'inline') {
      entry.place = blob
      return
    }
    entry.place = { kind: 'file', file: blob.file.number, length: blob.length, salt: blob.file.key?.salt }
    entry.busy = this.#keep(entry, blob.file)
  }

  async #keep(entry: Entry, file: IncomingFile): Promise<void> {
    try {
      await this.#files?.sync(file)
    } catch (error) {
      entry.place = undefined
      throw error
    }
  }

  #pin(address: ContentAddress, entry: Entry): BlobPin {
    if (entry.place === undefined) throw new Error('nothing is stored under the address')
    let held = true
    return {
      address,
      place: entry.place,
      release: () => {
        if (held) this.#release(address, entry)
        held = false
      },
    }
  }

  #release(address: ContentAddress, entry: Entry): void {
    entry.pins -= 1
    if (entry.pins > 0) return
    this.#entries.delete(address)
    const { place } = entry
    if (entry.isNew && place?.kind === 'file') {
      void this.#whileRemoving(address, () => this.#dropUncommitted(address, place.file))
    }
    if (this.#deferred.delete(address)) void this.collect(address)
  }

  /** Decides about files whose commit failed with the store, once it was opened again. */
  async resume(): Promise<void> {
    const failed = [...this.#failed]
    this.#failed.clear()
    await Promise.all(
      failed.map(([file, address]) =>
        this.#whileRemoving(address, () => this.#dropUncommitted(address, file)),
      ),
    )
  }

  /** An upload whose document was refused leaves a file that no record names. */
  async #dropUncommitted(address: ContentAddress, file: number): Promise<void> {
    const { health } = this.#store
    if (health !== undefined && health.state !== 'healthy') {
      // The commit may be on disk, which is known when the store was opened again.
      this.#failed.set(file, address)
      return
    }
    const place = this.#stored(address)
    if (place?.kind !== 'file' || place.file !== file) await this.#files?.remove(file)
  }

  async #removeUnreferenced(address: ContentAddress): Promise<void> {
    const bytes = addressBytes(address)
    const batch = this.#store.batch().del(blobCheckKey(NO_DATABASE, bytes))
    const references = await this.#store.keys({ ...blobReferenceRange(bytes), limit: 1 }).all()
    const place = references.length > 0 ? undefined : unlessDamaged(() => this.#stored(address))
    if (references.length === 0) batch.del(blobKey(bytes))
    if (place?.kind === 'file') batch.del(blobFileKey(place.file))
    await batch.write({ sync: true })
    // After the record: a crash in between leaves a file without a record, never a record without its file.
    if (place?.kind === 'file') await this.#files?.remove(place.file)
  }

  /** Whoever wants the address waits until it is decided what is left there. */
  #whileRemoving(address: ContentAddress, remove: () => Promise<void>): Promise<void> {
    const earlier = this.#removing.get(address) ?? Promise.resolve()
    const removal = earlier
      .then(remove)
      .catch(() => undefined)
      .finally(() => {
        if (this.#removing.get(address) === removal) this.#removing.delete(address)
      })
    this.#removing.set(address, removal)
    return removal
  }
}

function isIn(file: IncomingFile, { place }: BlobPin): boolean {
  return place.kind === 'file' && place.file === file.number
}
