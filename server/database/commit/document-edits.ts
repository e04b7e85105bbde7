import { compareDocIds, type DocId, isDesignId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { partitionOf } from '../../../protocol/partition.ts'
import { makeRev } from '../../../protocol/revision.ts'
import { findRev } from '../../../protocol/revtree/history.ts'
import { emptyTree } from '../../../protocol/revtree/tree.ts'
import { TimeSlice } from '../../concurrency/time-slice.ts'
import type { StoredAttachment } from '../documents/body-record.ts'
import type { Commit } from './commit.ts'
import { DocumentMerge } from './document-merge.ts'
import {
  parentGiven,
  type Actor,
  type DocumentEdit,
  type DocumentValidator,
  type EditOutcome,
  type ValidatedDocument,
} from '../documents/edit.ts'
import { resolveAttachments } from './resolve-attachments.ts'
import { isDatabaseAdmin } from '../../../protocol/security.ts'

/**
 * CouchDB's memory of a database's validation functions. Until they have been loaded by a first validation, and
 * whenever there are some, an edit is checked against the leaves before it reaches the updater; otherwise the updater
 * alone decides, and takes an edit that names a revision of a missing document (CouchDB: couch_db:before_docs_update/4).
 */
export interface ValidationMemory {
  loaded: boolean
}

export interface DocumentEditsOptions {
  readonly edits: readonly DocumentEdit[]
  /** `new_edits=false`: the revisions are taken as they are, and never conflict. */
  readonly replicated: boolean
  /** Refuses all edits with one of them, by throwing its error. Default: false. */
  readonly isAtomic?: boolean
  /** In bytes, of a partitioned database; 0 for no limit. */
  readonly maxPartitionSize: number
  readonly memory: ValidationMemory
  readonly actor: Actor
  /** All judge the edits; the first error counts. */
  readonly validators: readonly DocumentValidator[]
}

/** The edits of one request, merged into their documents' trees. Documents take their sequences in the order of ids. */
export class DocumentEdits {
  readonly #commit: Commit
  readonly #options: DocumentEditsOptions
  readonly #outcomes: EditOutcome[]
  readonly #attachments = new Map<number, readonly StoredAttachment[]>()

  constructor(commit: Commit, options: DocumentEditsOptions) {
    this.#commit = commit
    this.#options = options
    this.#outcomes = new Array<EditOutcome>(options.edits.length)
  }

  async apply(): Promise<readonly EditOutcome[]> {
    const commit = this.#commit
    const refused = this.#check(commit)
    this.#resolveAttachments(commit, refused)
    await this.#validate(commit, refused)
    const full = await this.#fullPartitions(commit)
    for (const outcome of refused.values()) this.#throwIfAtomic(outcome)
    const slice = new TimeSlice()
    for (const group of this.#groupsInOrder()) {
      const document = new DocumentMerge(commit, group.id, {
        replicated: this.#options.replicated,
        edits: group.edits.length,
        mayGrow: full.size === 0 || !full.has(partitionOf(group.id)),
      })
      for (const index of group.edits) {
        // Each revision of a document with thousands of branches takes as many steps.
        if (slice.isOver) await slice.pause()
        const outcome = refused.get(index) ?? this.#merge(document, index)
        // The first edit alone can fail here, before anything of the others is stored.
        this.#throwIfAtomic(outcome)
        this.#outcomes[index] = outcome
      }
      document.finish()
    }
    return this.#outcomes
  }

  #throwIfAtomic({ error }: EditOutcome): void {
    if (this.#options.isAtomic === true && error !== undefined) throw error
  }

  /**
   * Partitions whose documents may only shrink, as they are before the request (CouchDB: couch_db_updater:update_docs_int/5).
   * None is larger than the whole database, so that most are never counted.
   */
  async #fullPartitions(commit: Commit): Promise<ReadonlySet<string | undefined>> {
    const { edits, replicated, maxPartitionSize } = this.#options
    const full = new Set<string>()
    if (replicated || maxPartitionSize <= 0 || commit.state.externalSize < maxPartitionSize) return full
    for (const partition of new Set(edits.map(({ id }) => partitionOf(id)))) {
      if (partition === undefined) continue
      if ((await commit.partitionSize(partition)) >= maxPartitionSize) full.add(partition)
    }
    return full
  }

  /** Before anything is merged: a stub that stands for nothing refuses the whole request. */
  #resolveAttachments(commit: Commit, refused: ReadonlyMap<number, EditOutcome>): void {
    for (const [index, edit] of this.#options.edits.entries()) {
      if (edit.attachments.length === 0 || refused.has(index)) continue
      this.#attachments.set(index, resolveAttachments(commit, edit, this.#options))
    }
  }

  #merge(document: DocumentMerge, index: number): EditOutcome {
    const edit = this.#edit(index)
    const attachments = this.#attachments.get(index) ?? []
    const merged = this.#options.replicated
      ? document.mergeRevision(edit, attachments)
      : document.mergeEdit(edit, attachments)
    return typeof merged === 'string' ? { id: edit.id, rev: merged } : { id: edit.id, error: merged }
  }

  /** CouchDB's checks before the updater: an edit must replace a leaf, or create a document. */
  #check(commit: Commit): Map<number, EditOutcome> {
    const refused = new Map<number, EditOutcome>()
    const { edits, replicated, memory, validators } = this.#options
    const strict =
      !memory.loaded ||
      validators.length > 0 ||
      edits.some(edit => isDesignId(edit.id) || edit.attachments.length > 0)
    if (!strict) return refused
    for (const [index, edit] of edits.entries()) {
      if (!replicated && !mayReplace(commit, edit))
        refused.set(index, { id: edit.id, error: fail('conflict') })
      else if (!isDesignId(edit.id)) memory.loaded = true
    }
    return refused
  }

  async #validate(commit: Commit, refused: Map<number, EditOutcome>): Promise<void> {
    const { edits, memory, validators } = this.#options
    if (edits.some(edit => isDesignId(edit.id))) {
      memory.loaded = false
      this.#refuseDesigns(refused)
    }
    for (const validator of validators) await this.#ask(validator, commit, refused)
  }

  /** Design documents are for administrators of the database (CouchDB: couch_db:validate_doc_update/3). */
  #refuseDesigns(refused: Map<number, EditOutcome>): void {
    const { edits, actor } = this.#options
    if (isDatabaseAdmin(actor.user, actor.security)) return
    const name = actor.user.name === null ? 'unauthorized' : 'forbidden'
    for (const [index, { id }] of edits.entries()) {
      if (!isDesignId(id) || refused.has(index)) continue
      refused.set(index, { id, error: fail(name, 'You are not a db or server admin.') })
    }
  }

  async #ask(validator: DocumentValidator, commit: Commit, refused: Map<number, EditOutcome>): Promise<void> {
    const { edits, actor } = this.#options
    const asked = [...edits.keys()].filter(index => !refused.has(index))
    const errors = await validator.validate(
      asked.map(position => this.#toValidate(commit, position)),
      actor,
    )
    for (const [i, index] of asked.entries()) {
      const error = errors[i]
      if (error !== undefined) refused.set(index, { id: this.#edit(index).id, error })
    }
  }

  #toValidate(commit: Commit, index: number): ValidatedDocument {
    const edit = this.#edit(index)
    const { id, revs } = edit
    const document = commit.document(id)
    const tree = document?.tree ?? emptyTree
    const { replicated } = this.#options
    const given = revs.hashes.map((hash, back) => makeRev(revs.start - back, hash))
    const ancestors = replicated ? given.slice(1) : given.slice(0, 1)
    const previous = ancestors
      .map(rev => findRev(tree, rev))
      .find(node => node !== undefined && node.body > 0)
    return { id, edit, attachments: this.#attachments.get(index) ?? [], document, replicated, previous }
  }

  #edit(index: number): DocumentEdit {
    const edit = this.#options.edits[index]
    if (edit === undefined) throw new RangeError(`no edit ${index}`)
    return edit
  }

  #groupsInOrder(): { id: DocId; edits: number[] }[] {
    const groups = new Map<DocId, number[]>()
    for (const [index, { id }] of this.#options.edits.entries()) {
      const group = groups.get(id)
      if (group === undefined) groups.set(id, [index])
      else group.push(index)
    }
    const list = [...groups].map(([id, edits]) => ({ id, edits }))
    return list.length > 1 ? list.sort((a, b) => compareDocIds(a.id, b.id)) : list
  }
}

/** CouchDB: couch_db:prep_and_validate_update/5. */
function mayReplace(commit: Commit, edit: DocumentEdit): boolean {
  const document = commit.document(edit.id)
  const parent = parentGiven(edit)
  if (document === undefined) return parent === undefined
  if (parent === undefined) return document.deleted
  return findRev(document.tree, parent)?.isLeaf === true
}
