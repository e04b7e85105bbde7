import type { DatabaseName } from '../../protocol/database-name.ts'
import { fail } from '../../protocol/errors.ts'
import type { Security } from '../../protocol/security.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import { formatSeq, type Seq } from '../../protocol/sequence.ts'
import type { Attachments } from '../attachments/attachments.ts'
import { DatabaseKeys } from '../storage/keys.ts'
import type { WriterHost } from './commit/apply-write.ts'
import { BatchWrites } from './commit/batch-writes.ts'
import { ChangesTail } from './commit/changes-tail.ts'
import { Compaction } from './maintenance/compaction.ts'
import type { CommitRecord, CommitSubscriber } from './commit/commit-record.ts'
import type { DocumentEdit, DocumentValidator, EditOutcome } from './documents/edit.ts'
import type { DatabaseRecord } from './database-record.ts'
import { PartitionSizes } from './commit/partition-sizes.ts'
import { DatabaseDigests } from './ranks/digests.ts'
import { DatabaseRanks, type Ranks } from './ranks/ranks.ts'
import type { DatabaseExtension } from './database-extension.ts'
import type { LargeTrees } from './large-trees.ts'
import { DatabaseReader } from './reading/database-reader.ts'
import type { Replicate } from '../storage/group-sync.ts'
import type { ReplicatedChange } from './replication-hook.ts'
import type { DatabaseRules } from './documents/rules.ts'
import { CurrentSecurity, decodeSecurity } from './security.ts'
import type { SharedStorage } from './shared-storage.ts'
import { checkHolds, type DatabaseState } from './state.ts'
import { readStored, type StoredRecords } from './stored-records.ts'
import { STORAGE } from './storage-of.ts'
import type { ResultOf, WriteRequest } from './commit/write-request.ts'
import type { DocumentToWrite, DocumentWriteOptions } from './documents/document-to-write.ts'
import { Writer } from './commit/writer.ts'

/** Writes documents as `writeDocuments` does. */
type WriteElsewhere = (
  documents: readonly DocumentToWrite[],
  options: DocumentWriteOptions,
) => Promise<readonly EditOutcome[]>

/** Hooks and limits for every database of a server. */
export interface DatabaseHooks {
  readonly rulesOf?: (name: DatabaseName) => () => DatabaseRules | undefined
  /** The `_security` that a new database begins with, JSON text. Default: administrators of the server only. */
  readonly newSecurity?: () => string | undefined
  /** The size up to which a partition may grow, in bytes; 0 for no limit. */
  readonly maxPartitionSize?: () => number
  /** Hands changes to other nodes and writes them, where there are some. Default: they are written here alone. */
  readonly replicate?: Replicate<ReplicatedChange>
  /** Makes the ranks of a database, where another thread counts them. Default: they are counted here. */
  readonly ranksOf?: (database: Database) => Ranks
  /** Makes the function that hands documents to the thread that has the writer. Default: the writer is here. */
  readonly writeElsewhereFor?: (database: Database) => WriteElsewhere
  /** Has the node write that leads the cluster; undefined where this one does, or cannot hand the request over. */
  readonly writeAtLeader?: (database: Database, request: WriteRequest) => Promise<unknown> | undefined
  /** Resolves when other threads know of the commits until now; undefined where they do. */
  readonly whenFollowed?: () => Promise<void> | undefined
  /** Records a write, from its request to the end of its commit. */
  readonly traceWrite?: <T>(database: DatabaseName, kind: string, write: () => Promise<T>) => Promise<T>
  /** Takes notice of documents with large revision trees. */
  readonly trees?: LargeTrees
  /** Called when a database is opened, before anybody uses it. */
  readonly extend?: (database: Database) => DatabaseExtension | Promise<DatabaseExtension>
}

/** One open database: reads go to the store, changes through its writer. */
export class Database extends DatabaseReader {
  readonly name: DatabaseName
  readonly record: DatabaseRecord
  readonly attachments: Attachments
  /** Wakes live feeds after each commit. */
  readonly tail: ChangesTail
  /** Numbers of documents, and of changes, in front of one. */
  readonly ranks: Ranks
  /** Digests of ranges of its documents; undefined where another thread keeps them. */
  readonly digests: DatabaseDigests | undefined
  readonly compaction: Compaction
  /** Has another thread, which has the writer, write documents; undefined where the writer is here. */
  readonly writeElsewhere: WriteElsewhere | undefined
  /** Writes that are on their way after they were answered. */
  readonly batched = new BatchWrites()
  readonly #rules: (() => DatabaseRules | undefined) | undefined
  readonly #security: CurrentSecurity
  readonly #writer: Writer
  readonly #hooks: Pick<DatabaseHooks, 'traceWrite' | 'writeAtLeader'>
  readonly #subscribers: CommitSubscriber[]
  readonly #validators: DocumentValidator[] = []

  /** @param followers called with the database; what they return follows its commits behind everything else */
  static async open(
    shared: SharedStorage,
    name: DatabaseName,
    record: DatabaseRecord,
    hooks: DatabaseHooks = {},
    followers: (database: Database) => readonly CommitSubscriber[] = () => [],
  ): Promise<Database> {
    const keys = new DatabaseKeys(record.number)
    const stored = await readStored({ store: shared.store, keys })
    const database = new Database(shared, name, record, keys, stored, hooks)
    const extension = await hooks.extend?.(database)
    database.#validators.push(...(extension?.validators ?? []))
    database.#subscribers.push(...(extension?.subscribers ?? []), database.tail, ...followers(database))
    return database
  }

  private constructor(
    { store, sync, attachments }: SharedStorage,
    name: DatabaseName,
    record: DatabaseRecord,
    keys: DatabaseKeys,
    stored: StoredRecords,
    hooks: DatabaseHooks,
  ) {
    super({ store, keys })
    this.name = name
    this.record = record
    this.attachments = attachments
    this.#rules = hooks.rulesOf?.(name)
    this.#hooks = hooks
    this.#security = new CurrentSecurity(stored.security)
    this.tail = new ChangesTail(stored.state.seq)
    this.compaction = new Compaction(this)
    this.writeElsewhere = hooks.writeElsewhereFor?.(this)
    const counts = { seq: stored.state.seq, root: stored.ranks }
    const ranks = hooks.ranksOf === undefined ? new DatabaseRanks(store, keys, counts) : undefined
    this.ranks = ranks ?? hooks.ranksOf!(this)
    this.digests = ranks && new DatabaseDigests(ranks)
    const partitions = record.partitioned ? new PartitionSizes(store, keys) : undefined
    const counted = [partitions, ranks].filter(subscriber => subscriber !== undefined)
    this.#subscribers = [this.#security, ...counted]
    const host: WriterHost = {
      context: {
        store,
        sync,
        keys,
        database: record.number,
        name,
        suffix: record.instance,
        ranks,
        referenceTo: content => attachments.referenceTo(content, record.number),
        partitions,
        trees: hooks.trees,
      },
      attachments,
      validation: { loaded: false },
      security: () => this.security,
      maxPartitionSize: () => (record.partitioned ? (hooks.maxPartitionSize?.() ?? 0) : 0),
      validatorsOf: edits => this.#validatorsOf(edits),
    }
    this.#writer = new Writer({
      host,
      state: stored.state,
      onCommit: commit => {
        for (const subscriber of this.#subscribers) subscriber.apply(commit)
        return hooks.whenFollowed?.()
      },
    })
  }

  /** Rules of a system database (`_users`, `_replicator`), which may change with the configuration. */
  get rules(): DatabaseRules | undefined {
    return this.#rules?.()
  }

  /** True where a write to the disk failed: no other is taken until {@link reload}. */
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

  /** Admins and members of the database, parsed from `_security`. */
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
    decodeSecurity(json)
    await this.write({ kind: 'set_security', json })
  }

  formatSeq(number: number): Seq {
    return formatSeq(number, this.record.instance)
  }

  /** Changes the database; resolves when the change is on disk. */
  write<Request extends WriteRequest>(request: Request): Promise<ResultOf<Request>> {
    const { traceWrite, writeAtLeader } = this.#hooks
    const asked = writeAtLeader?.(this, request)
    if (asked !== undefined) return asked as Promise<ResultOf<Request>>
    const submit = (): Promise<ResultOf<Request>> => this.#writer.submit(request)
    return traceWrite === undefined ? submit() : traceWrite(this.name, request.kind, submit)
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
    return this.write({ kind: 'edit_documents', edits, ...options })
  }

  /**
   * Gives up the attachments of bodies that were removed, where no other body refers to their content. Called after a
   * compaction or a purge.
   */
  async releaseAttachments(): Promise<void> {
    const released = await this.write({ kind: 'release_attachments' })
    await this.attachments.collect(released)
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
    const stored = await readStored(this[STORAGE])
    checkHolds(stored.state, acknowledged, this.name)
    for (const subscriber of this.#subscribers) await subscriber.reload?.({ ...stored, hasFailed: failed })
    if (!failed) return
    this.#writer.reset(stored.state)
    this.tail.advance(stored.state.seq)
  }

  /** Takes over what another thread, which has the writer, has put on disk. Only for databases that are not written here. */
  follow(state: DatabaseState, security: Uint8Array | undefined): void {
    this.#writer.reset(state)
    this.#security.reload({ state, security, hasFailed: true })
  }

  /** Takes over a commit that another node made, and that was written to this store. */
  applyReplicated(commit: CommitRecord): void {
    this.#writer.reset(commit.state)
    for (const subscriber of this.#subscribers) subscriber.apply(commit)
  }

  /**
   * Waits for the writes that were accepted, then ends every feed. Idempotent.
   *
   * @param dropped true where the database is gone: requests that still hold it write no more
   */
  async close({ dropped = false } = {}): Promise<void> {
    await this.compaction.close()
    if (dropped) this.#writer.end(fail('noDatabase'))
    await this.batched.settled()
    await this.#writer.drain()
    for (const subscriber of this.#subscribers) await subscriber.close?.()
  }

  #validatorsOf(edits: readonly DocumentEdit[]): DocumentValidator[] {
    const own = this.rules?.validator
    const all = own === undefined ? this.#validators : [own, ...this.#validators]
    return all.filter(validator => validator.appliesTo(edits))
  }
}
