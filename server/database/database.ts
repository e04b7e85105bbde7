import type { DatabaseName } from '../../protocol/database-name.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { fail } from '../../protocol/errors.ts'
import type { Security } from '../../protocol/security.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import { formatSeq, type Seq } from '../../protocol/sequence.ts'
import type { Attachments } from '../attachments/attachments.ts'
import { ChangesTail } from '../changes/tail.ts'
import { DatabaseKeys, Space } from '../storage/keys.ts'
import type { Store } from '../storage/store.ts'
import { decodeBodyRecord, type BodyRecord, type StoredAttachment } from './body-record.ts'
import { Compaction } from './compaction.ts'
import type { CommitContext } from './commit-context.ts'
import type { CommittedChange } from './committed.ts'
import { DocumentEdits, type ValidationMemory } from './document-edits.ts'
import type { DocumentEdit, DocumentValidator, EditOutcome } from './edit.ts'
import type { DatabaseRecord } from './database-record.ts'
import { LaterWrites } from './later-writes.ts'
import { PartitionSizes } from './partition-sizes.ts'
import { DatabaseRanks } from './ranks.ts'
import { ReleaseAttachments } from './release-attachments.ts'
import type { DatabaseRules } from './rules.ts'
import { decodeSecurity, SecurityChange, SECURITY_SETTING, type StoredSecurity } from './security-setting.ts'
import type { SharedStorage } from './shared-storage.ts'
import { DatabaseSnapshot } from './snapshot.ts'
import { checkHolds, decodeState, type DatabaseState } from './state.ts'
import { StoredDocument } from './stored-document.ts'
import { Writer, type WriteRequest } from './writer.ts'

/** What the server says of its databases. */
export interface DatabasePolicy {
  readonly rulesOf?: (name: DatabaseName) => () => DatabaseRules | undefined
  /** The `_security` that a new database begins with, JSON text. Default: administrators of the server only. */
  readonly newSecurity?: () => string | undefined
  /** How large a partition may grow, in bytes; 0 for no limit. */
  readonly maxPartitionSize?: () => number
  /** Told when another `_security` holds. */
  readonly onSecurity?: (database: Database) => void
  /** Told after each commit. */
  readonly onCommit?: (database: Database, changes: number) => void
  /** Called when a database was opened, before anybody uses it. */
  readonly onOpen?: (database: Database) => Promise<void>
}

/** One open database: reads go to the store, changes through its writer. */
export class Database {
  readonly name: DatabaseName
  readonly record: DatabaseRecord
  readonly store: Store
  readonly attachments: Attachments
  readonly keys: DatabaseKeys
  /** Wakes live feeds after each commit. */
  readonly tail: ChangesTail
  /** How many documents, or changes, are in front of one. */
  ranks: DatabaseRanks
  readonly compaction: Compaction
  /** What is written after it was answered. */
  readonly later = new LaterWrites()
  /** The `validate_doc_update` functions of its design documents. */
  validator: DocumentValidator | undefined
  /** Asked about design documents: whether their code compiles. */
  designValidator: DocumentValidator | undefined
  /** Told of each commit when it is on disk, before its requests are answered. */
  readonly onCommit = new Set<(changes: readonly CommittedChange[]) => void>()
  /** Called when the database was read again from a store that was opened again. */
  readonly onReload = new Set<() => void | Promise<void>>()
  /** Called when the database is closed. */
  readonly onClose = new Set<() => Promise<void>>()
  readonly #context: CommitContext
  readonly #rules: (() => DatabaseRules | undefined) | undefined
  #security: StoredSecurity
  readonly #policy: DatabasePolicy
  readonly #writer: Writer
  readonly #validation: ValidationMemory = { loaded: false }

  static async open(
    shared: SharedStorage,
    name: DatabaseName,
    record: DatabaseRecord,
    policy: DatabasePolicy = {},
  ): Promise<Database> {
    const keys = new DatabaseKeys(record.number)
    const { state, security } = await readStored(shared.store, keys)
    return new Database(shared, name, record, keys, state, { policy, security })
  }

  private constructor(
    { store, sync, attachments }: SharedStorage,
    name: DatabaseName,
    record: DatabaseRecord,
    keys: DatabaseKeys,
    state: DatabaseState,
    { policy, security }: { policy: DatabasePolicy; security: StoredSecurity },
  ) {
    this.name = name
    this.record = record
    this.store = store
    this.attachments = attachments
    this.keys = keys
    this.#rules = policy.rulesOf?.(name)
    this.#policy = policy
    this.#security = security
    this.tail = new ChangesTail(state.seq)
    this.compaction = new Compaction(this)
    this.ranks = new DatabaseRanks(keys, () => this.snapshot())
    this.#context = {
      store,
      sync,
      keys,
      database: record.number,
      suffix: record.instance,
      referenceTo: content => attachments.referenceTo(content, record.number),
      partitions: record.partitioned ? new PartitionSizes(store, keys) : undefined,
    }
    this.#writer = new Writer({
      context: this.#context,
      state,
      onCommit: committed => {
        this.ranks.apply(committed)
        for (const listener of this.onCommit) listener(committed.changes)
        this.tail.publish(committed.changes)
        policy.onCommit?.(this, committed.changes.length)
      },
    })
  }

  /** What a system database adds, which may change with the configuration. */
  get rules(): DatabaseRules | undefined {
    return this.#rules?.()
  }

  /** Whether a write to the disk failed: no other is taken until {@link reload}. */
  get failed(): boolean {
    return this.#writer.failed
  }

  /** Counts and limits as of the last commit on disk. */
  get state(): Readonly<DatabaseState> {
    return this.#writer.state
  }

  /** The latest sequence on disk. */
  get seq(): Seq {
    return this.formatSeq(this.state.seq)
  }

  /** Who may use the database. */
  get security(): Security {
    return this.#security.parsed
  }

  /** The `_security` object as it was put, JSON text. */
  get securityText(): Uint8Array {
    return this.#security.text
  }

  /**
   * Replaces the `_security` object; resolves when it is on disk. It holds for every request from then on.
   *
   * @param json canonical JSON
   * @throws `bad_request` where it is no security object
   */
  async setSecurity(json: Uint8Array): Promise<void> {
    const security = decodeSecurity(json)
    await this.write(new SecurityChange(security))
    this.#security = security
    this.#policy.onSecurity?.(this)
  }

  formatSeq(number: number): Seq {
    return formatSeq(number, this.record.instance)
  }

  /** The database as it is on disk now; to be closed. */
  snapshot(): DatabaseSnapshot {
    return new DatabaseSnapshot(this.store, this.keys)
  }

  /** Any change of the database; answered when it is on disk. */
  write<Result>(request: WriteRequest<Result>): Promise<Result> {
    return this.#writer.submit(request)
  }

  /**
   * Writes documents.
   *
   * @param options.replicated `new_edits=false`: revisions are taken as they are
   * @param options.user who writes: design documents are for administrators, and validation functions are told
   * @returns an outcome for each edit, in their order, when all are on disk
   */
  update(
    edits: readonly DocumentEdit[],
    options: { replicated: boolean; user: UserContext },
  ): Promise<readonly EditOutcome[]> {
    return this.write(
      new DocumentEdits({
        edits,
        replicated: options.replicated,
        maxPartitionSize: this.record.partitioned ? (this.#policy.maxPartitionSize?.() ?? 0) : 0,
        memory: this.#validation,
        actor: { user: options.user, security: this.security },
        validators: [
          this.rules?.validator,
          this.validator,
          edits.some(({ id }) => id.startsWith('_design/')) ? this.designValidator : undefined,
        ].filter(isActive),
      }),
    )
  }

  /**
   * Gives up the attachments of bodies that were removed, where no other body refers to their content. Called after a
   * compaction or a purge.
   */
  async releaseAttachments(): Promise<void> {
    const released = await this.write(new ReleaseAttachments(this.#context, this.attachments))
    await this.attachments.collect(released)
  }

  /**
   * A document, undefined when there is none. Single records are read on this thread: that costs
   * a few microseconds where the pages are in memory, a third of what a hop to the thread pool does.
   */
  document(id: DocId): StoredDocument | undefined {
    const record = this.store.getSync(this.keys.text(Space.document, id))
    return record === undefined ? undefined : this.#stored(id, record)
  }

  /** The same for many, in their order, in one go. */
  async documents(ids: readonly DocId[]): Promise<(StoredDocument | undefined)[]> {
    const records = await this.store.getMany(ids.map(id => this.keys.text(Space.document, id)))
    return records.map((record, at) =>
      record === undefined ? undefined : this.#stored(ids[at] as DocId, record),
    )
  }

  /**
   * The stored body under a number.
   *
   * @throws `missing` when it was compacted away
   */
  body(number: number): BodyRecord {
    const record = number > 0 ? this.store.getSync(this.keys.number(Space.body, number)) : undefined
    if (record === undefined) throw fail('missing')
    return decodeBodyRecord(record)
  }

  /** The same for many, undefined for those that are not there. */
  async bodies(numbers: readonly number[]): Promise<(BodyRecord | undefined)[]> {
    const records = await this.store.getMany(numbers.map(number => this.keys.number(Space.body, number)))
    return records.map(record => record && decodeBodyRecord(record))
  }

  attachmentsOf(body: number): readonly StoredAttachment[] {
    return body > 0 ? this.body(body).attachments : []
  }

  /**
   * Reads the database again from a store that was opened again: a write that failed may be on disk or not. Feeds, queries
   * and whoever else holds the database go on with it.
   *
   * @throws {Error} where the store lacks what was acknowledged
   */
  async reload(): Promise<void> {
    // A writer that did not fail goes on meanwhile, from what it knows.
    const { failed } = this
    if (failed) await this.#writer.drain()
    const acknowledged = this.state
    const { state, security } = await readStored(this.store, this.keys)
    checkHolds(state, acknowledged, this.name)
    this.ranks = new DatabaseRanks(this.keys, () => this.snapshot())
    this.#context.partitions?.clear()
    for (const listener of this.onReload) await listener()
    if (!failed) return
    this.#security = security
    this.#writer.reset(state)
    this.#policy.onSecurity?.(this)
    this.tail.advance(state.seq)
  }

  /** Waits for the writes that were accepted, then ends every feed. Idempotent. */
  async close(): Promise<void> {
    await this.compaction.close()
    await this.later.settled()
    await this.#writer.drain()
    for (const listener of this.onClose) await listener()
    this.tail.close()
  }

  #stored(id: DocId, record: Uint8Array): StoredDocument {
    return new StoredDocument(record, () => this.store.getSync(this.keys.text(Space.tree, id)))
  }
}

async function readStored(
  store: Store,
  keys: DatabaseKeys,
): Promise<{ state: DatabaseState; security: StoredSecurity }> {
  const wanted = [keys.state, keys.text(Space.setting, SECURITY_SETTING)]
  const [state, security] = await store.getMany(wanted)
  return { state: decodeState(state), security: decodeSecurity(security) }
}

function isActive(validator: DocumentValidator | undefined): validator is DocumentValidator {
  return validator?.active === true
}
