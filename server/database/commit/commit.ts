import type { DocId } from '../../../protocol/document-id.ts'
import { partitionOf } from '../../../protocol/partition.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import { encodeTree } from '../../../protocol/revtree/codec.ts'
import { leaves, type Leaf } from '../../../protocol/revtree/leaves.ts'
import { formatSeq } from '../../../protocol/sequence.ts'
import { type DatabaseKeys, KeySpace } from '../../storage/keys.ts'
import { readMany } from '../../storage/read-many.ts'
import type { Store } from '../../storage/store.ts'
import { WriteSetBuilder } from '../../storage/write-set.ts'
import { removeConflict } from '../conflicts/conflict-index.ts'
import { conflictDifference, conflictSinceOf, updateConflict } from '../conflicts/conflict-in-commit.ts'
import { encodeChangeRecord } from '../documents/change-record.ts'
import { CommitBodies } from './commit-bodies.ts'
import { decodeDocument } from './decode-document.ts'
import { DigestDifferences, putRankJournal } from './digest-differences.ts'
import type { CommitContext } from './commit-context.ts'
import type { CommitRecord, CommittedChange, CommittedRemoval } from './commit-record.ts'
import { encodeDocumentRecord } from '../documents/document-record.ts'
import { SECURITY_SETTING } from '../setting-names.ts'
import type { ReplicatedChange } from '../replication-hook.ts'
import { encodeState, type DatabaseState } from '../state.ts'
import { type PreviousState, previousStateOf } from './previous-state.ts'
import type { DocumentInCommit, Uncommitted } from './uncommitted.ts'

const NO_GROWTH = new Map<string, number>()

/**
 * One atomic, synced batch in the making: documents changed, bodies stored, settings written. Computed while the commit
 * before it syncs, so it reads through the uncommitted documents of that one.
 */
export class Commit {
  readonly state: DatabaseState
  readonly bodies: CommitBodies
  readonly #context: CommitContext
  readonly #store: Store
  readonly #keys: DatabaseKeys
  /** Records of attachments' content, which belong to this node and are no part of the commit's value. */
  readonly local = new WriteSetBuilder()
  readonly #writes = new WriteSetBuilder()
  readonly #partitionGrowth: Map<string, number>
  readonly #uncommitted: Uncommitted
  #security: Uint8Array | undefined
  readonly #documents: Map<DocId, DocumentInCommit | undefined>
  readonly #changed = new Map<DocId, DocumentInCommit>()
  /** Documents that did not change, whose record does. */
  readonly #rewritten = new Map<DocId, DocumentInCommit>()
  readonly #removed = new Set<DocId>()
  /** States before this commit, of each document that it changed or removed. */
  readonly #before = new Map<DocId, PreviousState>()
  readonly #changes: CommittedChange[] = []
  readonly #digests: DigestDifferences | undefined
  /** The update sequence before the commit. */
  readonly #from: number

  constructor(context: CommitContext, state: DatabaseState, uncommitted: Uncommitted) {
    this.#context = context
    this.#store = context.store
    this.#keys = context.keys
    this.#documents = new Map(uncommitted.documents)
    this.state = { ...state }
    this.#from = state.seq
    this.#digests = context.ranks?.keepsDigests === true ? new DigestDifferences() : undefined
    this.#uncommitted = uncommitted
    this.#partitionGrowth = context.partitions === undefined ? NO_GROWTH : new Map<string, number>()
    const sets = { writes: this.#writes, local: this.local }
    this.bodies = new CommitBodies(context, this.state, sets, uncommitted.attachments)
  }

  /** Reads the documents that are not known yet, in one go. */
  async load(ids: Iterable<DocId>): Promise<void> {
    const wanted = [...new Set(ids)].filter(id => !this.#documents.has(id))
    const keys = wanted.map(id => this.#keys.text(KeySpace.document, id))
    const records = await readMany(this.#store, keys)
    for (const [index, id] of wanted.entries()) {
      const record = records[index]
      if (record !== undefined) this.#documents.set(id, decodeDocument(this.#store, this.#keys, id, record))
    }
  }

  /** The document as it stands in this commit, undefined when it does not exist. Only what was loaded is known. */
  document(id: DocId): DocumentInCommit | undefined {
    return this.#documents.get(id)
  }

  /**
   * Puts a document's new tree in place and gives the document the next sequence.
   *
   * @param all the tree's leaves, the winner first
   * @param size bytes of its leaves' bodies and attachments
   */
  change(id: DocId, tree: RevTree, all: readonly Leaf[], size: number): void {
    const before = this.#documents.get(id)
    const deleted = all[0]?.deleted === true
    const conflictSince = conflictSinceOf(all, before)
    this.state.seq += 1
    this.#count(before, deleted)
    this.state.conflicts += conflictDifference(before, conflictSince)
    this.#grow(id, size - (before?.size ?? 0))
    const document: DocumentInCommit = {
      id,
      tree,
      seq: this.state.seq,
      deleted,
      size,
      conflictSince,
      treeStoredSeparately: before?.treeStoredSeparately ?? false,
    }
    this.#remember(id, before)
    this.#documents.set(id, document)
    this.#removed.delete(id)
    this.#rewritten.delete(id)
    this.#changed.set(id, document)
  }

  /** Puts a tree in place that tells the same of the document in other bytes. Takes no sequence. */
  rewrite(id: DocId, tree: RevTree, size: number): void {
    const document = this.#documents.get(id)
    if (document === undefined) return
    this.#grow(id, size - document.size)
    const rewritten = { ...document, tree, size }
    this.#documents.set(id, rewritten)
    if (this.#changed.has(id)) this.#changed.set(id, rewritten)
    else this.#rewritten.set(id, rewritten)
  }

  /** Removes a document with all that is stored of it, as a purge does. Takes no sequence. */
  remove(id: DocId): void {
    const before = this.#documents.get(id)
    if (before === undefined) return
    this.#count(before, undefined)
    this.state.conflicts += conflictDifference(before, 0)
    this.#grow(id, -before.size)
    const { seq: previousSeq, conflictSince } = this.#remember(id, before)
    this.#changed.delete(id)
    this.#rewritten.delete(id)
    this.#documents.set(id, undefined)
    this.#removed.add(id)
    this.#writes.delete(this.#keys.text(KeySpace.document, id))
    this.#writes.delete(this.#keys.text(KeySpace.tree, id))
    if (previousSeq > 0) this.#writes.delete(this.#keys.number(KeySpace.change, previousSeq))
    removeConflict(this.#writes, this.#keys, { id, since: conflictSince })
  }

  /** Bytes of the documents of a partition, with what this commit does to them. */
  async partitionSize(partition: string): Promise<number> {
    const view = {
      documents: this.#documents,
      growth: this.#partitionGrowth,
      uncommittedGrowth: this.#uncommitted.partitionGrowth,
    }
    return (await this.#context.partitions?.sizeOf(partition, view)) ?? 0
  }

  #grow(id: DocId, bytes: number): void {
    this.state.externalSize += bytes
    if (this.#context.partitions === undefined || bytes === 0) return
    const partition = partitionOf(id)
    if (partition === undefined) return
    this.#partitionGrowth.set(partition, (this.#partitionGrowth.get(partition) ?? 0) + bytes)
  }

  /** Writes the state also where nothing else is written. */
  putState(): void {
    this.#writes.put(this.#keys.state, encodeState(this.state))
  }

  putLocalDocument(id: DocId, record: Uint8Array): void {
    this.#writes.put(this.#keys.text(KeySpace.local, id), record)
  }

  deleteLocalDocument(id: DocId): void {
    this.#writes.delete(this.#keys.text(KeySpace.local, id))
  }

  /** Puts a new `_security` object in place, JSON text. */
  putSecurity(text: Uint8Array): void {
    this.#security = text
    this.putSetting(SECURITY_SETTING, text)
  }

  /** @param value JSON text */
  putSetting(name: string, value: Uint8Array): void {
    this.#writes.put(this.#keys.text(KeySpace.setting, name), value)
  }

  /** Appends to the purge log, under the purge sequence of the state. */
  logPurge(record: Uint8Array): void {
    this.#writes.put(this.#keys.number(KeySpace.purge, this.state.purgeSeq), record)
  }

  /** Removes a purge from the purge log. */
  forgetPurge(purgeSeq: number): void {
    this.#writes.delete(this.#keys.number(KeySpace.purge, purgeSeq))
  }

  /** Documents and attachments as the next commit must see them while this one is not on disk yet. */
  get uncommitted(): Uncommitted {
    const documents = new Map<DocId, DocumentInCommit | undefined>()
    for (const id of this.#removed) documents.set(id, undefined)
    for (const [id, document] of this.#rewritten) documents.set(id, document)
    for (const [id, document] of this.#changed) documents.set(id, document)
    return { documents, attachments: this.bodies.uncommitted, partitionGrowth: this.#partitionGrowth }
  }

  /** Writes everything atomically; resolves when it is on disk. */
  async write(): Promise<CommitRecord> {
    this.#putDocuments()
    const removals = this.#removals()
    if (this.state.seq > this.#from && this.#context.ranks?.hasJournal === true) {
      const commit = { seq: this.state.seq, changes: this.#changes, removals }
      putRankJournal(this.local, this.#context, { from: this.#from, commit, digests: this.#digests })
    }
    const record: CommitRecord = {
      database: this.#context.database,
      writes: this.#writes.entries,
      state: this.state,
      changes: this.#changes,
      removals,
      security: this.#security,
      partitionGrowth: this.#partitionGrowth,
    }
    if (!this.#writes.isEmpty || !this.local.isEmpty) {
      this.#writes.put(this.#keys.state, encodeState(this.state))
      await this.#context.sync.commit(this.#replicated(record), record.writes, this.local.entries)
    }
    return record
  }

  #replicated(record: CommitRecord): ReplicatedChange {
    return { kind: 'commit', name: this.#context.name, record, content: this.local.entries }
  }

  #removals(): CommittedRemoval[] {
    return [...this.#removed].map(id => {
      const { seq, isLive } = this.#remember(id, undefined)
      this.#digests?.remove(id)
      return { id, previousSeq: seq, wasLive: isLive }
    })
  }

  /** Keeps, and returns, the state that a document had on disk when the commit first touched it. */
  #remember(id: DocId, document: DocumentInCommit | undefined): PreviousState {
    let before = this.#before.get(id)
    if (before === undefined) {
      before = previousStateOf(document)
      this.#digests?.remember(id, document?.tree)
      this.#before.set(id, before)
    }
    return before
  }

  #putDocuments(): void {
    for (const document of this.#changed.values()) {
      const { id, seq } = document
      const all = leaves(document.tree)
      const winner = all[0]
      if (winner === undefined) continue
      this.#putRecord(document, all)
      const before = this.#remember(id, undefined)
      const { seq: previousSeq, isLive: wasLive } = before
      if (previousSeq > 0) this.#writes.delete(this.#keys.number(KeySpace.change, previousSeq))
      const sequence = formatSeq(seq, this.#context.suffix)
      const record = encodeChangeRecord({ seq: sequence, id, winner, leaves: all })
      this.#writes.put(this.#keys.number(KeySpace.change, seq), record)
      const isInConflict = document.conflictSince > 0
      this.#digests?.change(id, seq, all)
      this.#changes.push({ seq, id, previousSeq, wasLive, isLive: !document.deleted, isInConflict, record })
      if (isInConflict || before.conflictSince > 0)
        updateConflict(this.#writes, this.#keys, { id, before, now: document, leaves: all })
    }
    this.#changes.sort((a, b) => a.seq - b.seq)
    for (const document of this.#rewritten.values()) this.#putRecord(document, leaves(document.tree))
  }

  #putRecord(document: DocumentInCommit, all: readonly Leaf[]): void {
    const [winner] = all
    if (winner === undefined) return
    const encoded = encodeDocumentRecord(
      { document, winner, isBranched: all.length > 1 },
      encodeTree(document.tree),
    )
    this.#writes.put(this.#keys.text(KeySpace.document, document.id), encoded.record)
    this.#putTree(document, encoded.tree)
    this.#context.trees?.written(this.#context.name, document.id, all.length, document.tree.hashes.length)
  }

  #putTree(document: DocumentInCommit, separateTree: Uint8Array | undefined): void {
    if (separateTree !== undefined)
      this.#writes.put(this.#keys.text(KeySpace.tree, document.id), separateTree)
    else if (document.treeStoredSeparately) this.#writes.delete(this.#keys.text(KeySpace.tree, document.id))
    document.treeStoredSeparately = separateTree !== undefined
  }

  #count(before: DocumentInCommit | undefined, deleted: boolean | undefined): void {
    if (before !== undefined) this.state[before.deleted ? 'deletedDocs' : 'docs'] -= 1
    if (deleted !== undefined) this.state[deleted ? 'deletedDocs' : 'docs'] += 1
  }
}
