import { compareDocIds, type DocId } from '../../protocol/document-id.ts'
import { fail, type CouchError } from '../../protocol/errors.ts'
import { newRevId, type HashedAttachment } from '../../protocol/revision-id.ts'
import { generationOf, hashOf, makeRev, type Rev } from '../../protocol/revision.ts'
import { encodeTree } from '../../protocol/revtree/codec.ts'
import { find } from '../../protocol/revtree/history.ts'
import { leaves, winner } from '../../protocol/revtree/leaves.ts'
import { mergePath } from '../../protocol/revtree/merge.ts'
import { stem } from '../../protocol/revtree/stem.ts'
import { emptyTree, nodeCount, type RevTree } from '../../protocol/revtree/tree.ts'
import type { StoredAttachment } from './body-record.ts'
import type { Commit } from './commit.ts'
import type { Actor, DocumentEdit, DocumentValidator, EditOutcome, ValidatedDocument } from './edit.ts'
import { freeBodies } from './free-bodies.ts'
import { resolveAttachments } from './resolve-attachments.ts'
import { isDatabaseAdmin } from '../../protocol/security.ts'
import type { WriteRequest } from './writer.ts'

/**
 * What CouchDB remembers of a database's validation functions. Until they have been loaded by a first validation, and
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
  readonly memory: ValidationMemory
  readonly actor: Actor
  /** All are asked; the first error counts. */
  readonly validators: readonly DocumentValidator[]
}

/** The edits of one request, merged into their documents' trees. Documents take their sequences in the order of ids. */
export class DocumentEdits implements WriteRequest<readonly EditOutcome[]> {
  readonly ids: readonly DocId[]
  readonly bytes: number
  readonly #options: DocumentEditsOptions
  readonly #outcomes: EditOutcome[]
  readonly #attachments = new Map<number, readonly StoredAttachment[]>()

  constructor(options: DocumentEditsOptions) {
    this.#options = options
    this.ids = options.edits.map(edit => edit.id)
    this.bytes = options.edits.reduce((sum, edit) => sum + edit.body.length + 200, 0)
    this.#outcomes = new Array<EditOutcome>(options.edits.length)
  }

  async apply(commit: Commit): Promise<readonly EditOutcome[]> {
    const refused = this.#check(commit)
    this.#resolveAttachments(commit, refused)
    await this.#validate(commit, refused)
    for (const group of this.#groupsInOrder()) {
      const document = new DocumentMerge(commit, group.id, this.#options.replicated)
      for (const at of group.edits) {
        this.#outcomes[at] = refused.get(at) ?? this.#merge(document, at)
      }
      document.finish()
    }
    return this.#outcomes
  }

  /** Before anything is merged: a stub that stands for nothing refuses the whole request. */
  #resolveAttachments(commit: Commit, refused: ReadonlyMap<number, EditOutcome>): void {
    for (const [at, edit] of this.#options.edits.entries()) {
      if (edit.attachments.length === 0 || refused.has(at)) continue
      this.#attachments.set(at, resolveAttachments(commit, edit, this.#options))
    }
  }

  #merge(document: DocumentMerge, at: number): EditOutcome {
    const edit = this.#edit(at)
    const attachments = this.#attachments.get(at) ?? []
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
      edits.some(edit => isDesign(edit.id) || edit.attachments.length > 0)
    if (!strict) return refused
    for (const [at, edit] of edits.entries()) {
      if (!replicated && !mayReplace(commit, edit)) refused.set(at, { id: edit.id, error: fail('conflict') })
      else if (!isDesign(edit.id)) memory.loaded = true
    }
    return refused
  }

  async #validate(commit: Commit, refused: Map<number, EditOutcome>): Promise<void> {
    const { edits, memory, validators } = this.#options
    if (edits.some(edit => isDesign(edit.id))) {
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
    for (const [at, { id }] of edits.entries()) {
      if (!isDesign(id) || refused.has(at)) continue
      refused.set(at, { id, error: fail(name, 'You are not a db or server admin.') })
    }
  }

  async #ask(validator: DocumentValidator, commit: Commit, refused: Map<number, EditOutcome>): Promise<void> {
    const { edits, actor } = this.#options
    const asked = [...edits.keys()].filter(at => !refused.has(at))
    const errors = await validator.validate(
      asked.map(at => this.#toValidate(commit, at)),
      actor,
    )
    for (const [place, at] of asked.entries()) {
      const error = errors[place]
      if (error !== undefined) refused.set(at, { id: this.#edit(at).id, error })
    }
  }

  #toValidate(commit: Commit, at: number): ValidatedDocument {
    const edit = this.#edit(at)
    const { id, revs } = edit
    const tree = commit.document(id)?.tree ?? emptyTree
    const given = revs.hashes.map((hash, back) => makeRev(revs.start - back, hash))
    const ancestors = this.#options.replicated ? given.slice(1) : given.slice(0, 1)
    const previous = ancestors.map(rev => find(tree, rev)).find(node => node !== undefined && node.body > 0)
    return { id, edit, attachments: this.#attachments.get(at) ?? [], previous }
  }

  #edit(at: number): DocumentEdit {
    const edit = this.#options.edits[at]
    if (edit === undefined) throw new RangeError(`no edit ${at}`)
    return edit
  }

  #groupsInOrder(): { id: DocId; edits: number[] }[] {
    const groups = new Map<DocId, number[]>()
    for (const [at, { id }] of this.#options.edits.entries()) {
      const group = groups.get(id)
      if (group === undefined) groups.set(id, [at])
      else group.push(at)
    }
    const list = [...groups].map(([id, edits]) => ({ id, edits }))
    return list.length > 1 ? list.sort((a, b) => compareDocIds(a.id, b.id)) : list
  }
}

/** One document's tree while the edits of a request are merged into it. */
class DocumentMerge {
  readonly #commit: Commit
  readonly #id: DocId
  readonly #replicated: boolean
  #tree: RevTree
  #written: number[] = []

  constructor(commit: Commit, id: DocId, replicated: boolean) {
    this.#commit = commit
    this.#id = id
    this.#replicated = replicated
    this.#tree = commit.document(id)?.tree ?? emptyTree
  }

  /**
   * A new revision on the one that the edit names; on a deleted document only a creation, which extends the winning
   * tombstone (CouchDB: couch_db_updater:merge_rev_tree/4).
   */
  mergeEdit(edit: DocumentEdit, attachments: readonly StoredAttachment[]): Rev | CouchError {
    const creation = edit.revs.start === 0 && !edit.deleted
    const onTombstone = this.#isDeleted()
    if (onTombstone && !creation) return fail('conflict')
    const parent = onTombstone ? winner(this.#tree).rev : parentGiven(edit)
    const ancestors = onTombstone && parent !== undefined ? [hashOf(parent)] : edit.revs.hashes
    const generation = parent === undefined ? 1 : generationOf(parent) + 1
    const rev = newRevId({
      deleted: edit.deleted,
      parent,
      body: edit.term ?? new Uint8Array(0),
      attachments: attachments.map(attachment => (onTombstone ? undefined : hashed(attachment))),
    })
    const outcome = this.#merge(edit, generation, [hashOf(rev), ...ancestors], attachments)
    return outcome === 'new_leaf' ? rev : fail('conflict')
  }

  /** A revision from elsewhere: takes its place in the tree, whatever the leaves are. */
  mergeRevision(edit: DocumentEdit, attachments: readonly StoredAttachment[]): Rev | CouchError {
    this.#merge(edit, edit.revs.start, edit.revs.hashes, attachments)
    return makeRev(edit.revs.start, edit.revs.hashes[0] ?? '')
  }

  finish(): void {
    const before = this.#commit.document(this.#id)?.tree
    if (this.#tree === (before ?? emptyTree)) return
    // Stemming also joins roots that have come to share revisions, so it is not only for long histories.
    const tree = stem(this.#tree, this.#commit.state.revsLimit)
    // Ancestors that a known revision brought along may be beyond the limit: then nothing has changed.
    if (this.#written.length === 0 && before !== undefined && sameTree(tree, before)) return
    if (tree !== this.#tree) freeBodies(this.#commit, this.#tree, tree)
    const all = leaves(tree)
    this.#commit.change(this.#id, tree, all[0]?.deleted === true, this.#sizeOf(all.length))
  }

  /** Exact for a document with one leaf; with several, bodies that were replaced still count until compaction. */
  #sizeOf(leafCount: number): number {
    const last = this.#written.at(-1)
    if (leafCount === 1 && last !== undefined) return last
    const before = this.#commit.document(this.#id)?.size ?? 0
    return this.#written.reduce((sum, size) => sum + size, before)
  }

  #merge(
    edit: DocumentEdit,
    start: number,
    hashes: readonly string[],
    attachments: readonly StoredAttachment[],
  ): 'new_leaf' | 'new_branch' | 'internal_node' {
    const body = this.#commit.state.bodies + 1
    const { tree, outcome } = mergePath(this.#tree, { start, hashes, value: { deleted: edit.deleted, body } })
    const isNew = outcome !== 'internal_node' && (this.#replicated || outcome === 'new_leaf')
    if (isNew || (this.#replicated && this.#takesBody(tree, start, hashes, body))) {
      this.#commit.bodies.store(edit.body, attachments)
      this.#written.push(edit.body.length + attachments.reduce((sum, { length }) => sum + length, 0))
    }
    if (this.#replicated || outcome === 'new_leaf') this.#tree = tree
    return outcome
  }

  /** Whether a known revision took the body: it does when it had none. */
  #takesBody(tree: RevTree, start: number, hashes: readonly string[], body: number): boolean {
    return tree !== this.#tree && find(tree, makeRev(start, hashes[0] ?? ''))?.body === body
  }

  #isDeleted(): boolean {
    return nodeCount(this.#tree) > 0 && winner(this.#tree).deleted
  }
}

function hashed({ name, contentType, digest }: StoredAttachment): HashedAttachment {
  return { name, type: contentType, digest: Buffer.from(digest.slice('md5-'.length), 'base64') }
}

function sameTree(a: RevTree, b: RevTree): boolean {
  return Buffer.compare(encodeTree(a), encodeTree(b)) === 0
}

function parentGiven(edit: DocumentEdit): Rev | undefined {
  const hash = edit.revs.hashes[0]
  return hash === undefined ? undefined : makeRev(edit.revs.start, hash)
}

/** CouchDB: couch_db:prep_and_validate_update/5. */
function mayReplace(commit: Commit, edit: DocumentEdit): boolean {
  const document = commit.document(edit.id)
  const parent = parentGiven(edit)
  if (document === undefined) return parent === undefined
  if (parent === undefined) return document.deleted
  return find(document.tree, parent)?.isLeaf === true
}

function isDesign(id: DocId): boolean {
  return id.startsWith('_design/')
}
