import { addressBytes } from '../../attachments/content-address.ts'
import {
  addressOfBodyReferenceKey,
  blobCheckKey,
  bodyOfReferenceKey,
  bodyReference,
} from '../../storage/attachment-keys.ts'
import { DamagedValueError } from '../../storage/encryption/damaged.ts'
import { KeySpace } from '../../storage/keys.ts'
import type { WriteSetBuilder } from '../../storage/write-set.ts'
import {
  type BodyRecord,
  decodeBodyRecord,
  encodeBodyRecord,
  type StoredAttachment,
} from '../documents/body-record.ts'
import type { CommitContext } from './commit-context.ts'
import type { DatabaseState } from '../state.ts'

const NOTHING = new Uint8Array(0)
const DAMAGED = Symbol('damaged')

/** The bodies of a commit: those that it stores and removes, over those that are stored. */
export class CommitBodies {
  readonly #context: CommitContext
  readonly #state: DatabaseState
  readonly #writes: WriteSetBuilder
  readonly #local: WriteSetBuilder
  /** The attachments of bodies that are not on disk yet, by the body's number. */
  readonly #attachments: Map<number, readonly StoredAttachment[]>
  /** Bodies that were removed without being read. */
  readonly #damaged = new Set<number>()
  readonly #added = new Map<number, readonly StoredAttachment[]>()

  constructor(
    context: CommitContext,
    state: DatabaseState,
    { writes, local }: { writes: WriteSetBuilder; local: WriteSetBuilder },
    uncommitted: ReadonlyMap<number, readonly StoredAttachment[]>,
  ) {
    this.#context = context
    this.#state = state
    this.#writes = writes
    this.#local = local
    this.#attachments = new Map(uncommitted)
  }

  /** The attachments of the bodies that this commit stores, where they have some. */
  get uncommitted(): ReadonlyMap<number, readonly StoredAttachment[]> {
    return this.#added
  }

  /** Stores a revision's body, with references to its attachments' content, and returns its number. */
  store(body: Uint8Array, attachments: readonly StoredAttachment[]): number {
    const number = (this.#state.bodies += 1)
    this.#state.storedSize += body.length
    this.#writes.put(this.#key(number), encodeBodyRecord(body, attachments))
    if (attachments.length > 0) {
      this.#attachments.set(number, attachments)
      this.#added.set(number, attachments)
    }
    for (const { content } of attachments) {
      this.#writes.put(this.#referenceKey(addressBytes(content), number), NOTHING)
      for (const [key, value] of this.#context.referenceTo(content)) this.#local.put(key, value)
    }
    return number
  }

  /**
   * Removes a revision's body and its references. The content that they named is left to be checked:
   * `Database#releaseAttachments`.
   */
  remove(body: number): void {
    const record = this.#readUnlessDamaged(body)
    if (record === DAMAGED) this.#damaged.add(body)
    this.#removeRecord(body, record === DAMAGED ? undefined : record)
  }

  /** Removes the references of bodies that were removed and did not tell them, as they are damaged. Reads all references. */
  async removeReferencesOfDamaged(): Promise<void> {
    if (this.#damaged.size === 0) return
    const { store, keys } = this.#context
    for await (const key of store.keys(keys.range(KeySpace.attachment))) {
      const body = bodyOfReferenceKey(key)
      if (!this.#damaged.has(body)) continue
      const address = addressOfBodyReferenceKey(key)
      this.#writes.delete(this.#referenceKey(address, body))
      this.#local.put(blobCheckKey(this.#context.database, address), NOTHING)
    }
  }

  #removeRecord(body: number, record: BodyRecord | undefined): void {
    this.#state.storedSize -= record?.body.length ?? 0
    this.#writes.delete(this.#key(body))
    for (const { content } of this.#attachments.get(body) ?? record?.attachments ?? []) {
      const address = addressBytes(content)
      this.#writes.delete(this.#referenceKey(address, body))
      this.#local.put(blobCheckKey(this.#context.database, address), NOTHING)
    }
  }

  /** The attachments of a body as this commit sees it, none where it is not there. */
  attachmentsOf(body: number): readonly StoredAttachment[] {
    return this.#attachments.get(body) ?? this.#read(body)?.attachments ?? []
  }

  /** Bytes of a stored body and its attachments, 0 where it is not there. */
  sizeOf(body: number): number {
    const record = this.#read(body)
    if (record === undefined) return 0
    return record.body.length + record.attachments.reduce((sum, { length }) => sum + length, 0)
  }

  /** Bytes of a body that goes, as {@link sizeOf}; 0 where it is damaged. */
  sizeOfRemoved(body: number): number {
    return this.#damaged.has(body) || this.#readUnlessDamaged(body) === DAMAGED ? 0 : this.sizeOf(body)
  }

  #readUnlessDamaged(body: number): BodyRecord | undefined | typeof DAMAGED {
    try {
      return this.#read(body)
    } catch (error) {
      if (error instanceof DamagedValueError) return DAMAGED
      throw error
    }
  }

  /** Reads a stored body. Undefined for 0, the number of revisions without a body, and where the body was removed. */
  #read(body: number): BodyRecord | undefined {
    const record = body > 0 ? this.#context.store.getSync(this.#key(body)) : undefined
    return record && decodeBodyRecord(record)
  }

  #key(body: number): Uint8Array {
    return this.#context.keys.number(KeySpace.body, body)
  }

  #referenceKey(address: Uint8Array, body: number): Uint8Array {
    return this.#context.keys.bytes(KeySpace.attachment, bodyReference(address, body))
  }
}
