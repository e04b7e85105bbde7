import type { DocId } from '../../../protocol/document-id.ts'
import { fail, type CouchError } from '../../../protocol/errors.ts'
import { externalTerm } from '../../../protocol/json/canonical.ts'
import { newRevId, type HashedAttachment } from '../../../protocol/revision-id.ts'
import { generationOf, hashOf, isParsable, makeRev, type Rev } from '../../../protocol/revision.ts'
import { encodeTree } from '../../../protocol/revtree/codec.ts'
import { leaves, winner, type Leaf } from '../../../protocol/revtree/leaves.ts'
import { stem } from '../../../protocol/revtree/stem.ts'
import { emptyTree, type RevTree } from '../../../protocol/revtree/tree.ts'
import type { StoredAttachment } from '../documents/body-record.ts'
import type { Commit } from './commit.ts'
import { documentSize, type WrittenBody } from './document-size.ts'
import { parentGiven, type DocumentEdit } from '../documents/edit.ts'
import { deleteUnreferencedBodies } from './delete-unreferenced-bodies.ts'
import { treeInMerge, type TreeInMerge } from './tree-in-merge.ts'

/** One document's tree while the edits of a request are merged into it. */
export class DocumentMerge {
  readonly #commit: Commit
  readonly #id: DocId
  readonly #replicated: boolean
  readonly #mayGrow: boolean
  readonly #merged: TreeInMerge
  readonly #written: WrittenBody[] = []

  /**
   * @param options.replicated `new_edits=false`: revisions are taken as they are
   * @param options.mayGrow whether an edit may be larger than what it replaces
   * @param options.edits how many edits will be merged
   */
  constructor(commit: Commit, id: DocId, options: { replicated: boolean; mayGrow: boolean; edits: number }) {
    this.#commit = commit
    this.#id = id
    this.#replicated = options.replicated
    this.#mayGrow = options.mayGrow
    this.#merged = treeInMerge(commit.document(id)?.tree ?? emptyTree, options.edits)
  }

  /**
   * A new revision on the one that the edit names; on a deleted document only a creation, which extends the winning
   * tombstone (CouchDB: couch_db_updater:merge_rev_tree/4).
   */
  mergeEdit(edit: DocumentEdit, attachments: readonly StoredAttachment[]): Rev | CouchError {
    const creation = edit.revs.start === 0 && !edit.deleted
    const onTombstone = this.#merged.isDeleted
    if (onTombstone && !creation) return fail('conflict')
    const parent = onTombstone ? winner(this.#merged.tree).rev : parentGiven(edit)
    const ancestors = onTombstone && parent !== undefined ? [hashOf(parent)] : edit.revs.hashes
    const generation = parent === undefined ? 1 : generationOf(parent) + 1
    if (!isParsable(generation)) return fail('badGeneration')
    const rev =
      edit.newRev !== undefined && !onTombstone && attachments.length === 0
        ? edit.newRev
        : newRevId({
            deleted: edit.deleted,
            parent,
            body: edit.term ?? externalTerm(edit.body),
            attachments: attachments.map(attachment => (onTombstone ? undefined : hashed(attachment))),
          })
    const outcome = this.#merge(edit, generation, [hashOf(rev), ...ancestors], attachments)
    if (outcome === 'overflow') return fail('partitionOverflow', this.#id)
    return outcome === 'new_leaf' ? rev : fail('conflict')
  }

  /** A revision from elsewhere: takes its place in the tree, whatever the leaves are. */
  mergeRevision(edit: DocumentEdit, attachments: readonly StoredAttachment[]): Rev | CouchError {
    this.#merge(edit, edit.revs.start, edit.revs.hashes, attachments)
    return makeRev(edit.revs.start, edit.revs.hashes[0] ?? '')
  }

  finish(): void {
    const before = this.#commit.document(this.#id)?.tree
    const merged = this.#merged.tree
    if (merged === (before ?? emptyTree)) return
    // Stemming also joins roots that have come to share revisions, so it is not only for long histories.
    const tree = stem(merged, this.#commit.state.revsLimit)
    // Ancestors that a known revision brought along may be beyond the limit: then nothing has changed.
    if (this.#written.length === 0 && before !== undefined && sameTree(tree, before)) return
    if (tree !== merged) deleteUnreferencedBodies(this.#commit, merged, tree)
    const all = leaves(tree)
    this.#commit.change(this.#id, tree, all, this.#sizeOf(tree, all))
  }

  #sizeOf(tree: RevTree, [only, other]: readonly Leaf[]): number {
    const isOnly = only !== undefined && other === undefined
    const written = isOnly ? this.#written.findLast(({ body }) => body === only.body) : undefined
    return written?.size ?? documentSize(this.#commit, this.#commit.document(this.#id), tree, this.#written)
  }

  #merge(
    edit: DocumentEdit,
    start: number,
    hashes: readonly string[],
    attachments: readonly StoredAttachment[],
  ): 'new_leaf' | 'new_branch' | 'internal_node' | 'overflow' {
    const body = this.#commit.state.bodies + 1
    const merge = this.#merged.plan({ start, hashes, value: { deleted: edit.deleted, body } })
    const { outcome } = merge
    const size = edit.body.length + attachments.reduce((sum, { length }) => sum + length, 0)
    if (outcome === 'new_leaf' && !this.#mayGrow && size > this.#replacedSize(start, hashes))
      return 'overflow'
    const isNew = outcome !== 'internal_node' && (this.#replicated || outcome === 'new_leaf')
    if (isNew || (this.#replicated && merge.takesBody)) {
      this.#commit.bodies.store(edit.body, attachments)
      this.#written.push({ body, size })
    }
    if (this.#replicated || outcome === 'new_leaf') merge.apply()
    return outcome
  }

  /** Bytes of the leaf that a new one replaces, 0 where it replaces none. */
  #replacedSize(start: number, [, parent]: readonly string[]): number {
    if (this.#merged.leafCount <= 1) return this.#commit.document(this.#id)?.size ?? 0
    return this.#commit.bodies.sizeOf(
      parent === undefined ? 0 : this.#merged.bodyOf(makeRev(start - 1, parent)),
    )
  }
}

function hashed({ name, contentType, digest }: StoredAttachment): HashedAttachment {
  return { name, type: contentType, digest: Buffer.from(digest.slice('md5-'.length), 'base64') }
}

function sameTree(a: RevTree, b: RevTree): boolean {
  return Buffer.compare(encodeTree(a), encodeTree(b)) === 0
}
