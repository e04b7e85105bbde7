import { decodeTree } from '../../../protocol/revtree/codec.ts'
import { emptyTree, type RevTree } from '../../../protocol/revtree/tree.ts'
import { DocumentSummary } from './document-record.ts'

/**
 * A document as it is on disk. Its tree is read and decoded when somebody asks for it: who wants the winner needs none,
 * however long the history is.
 */
export class StoredDocument extends DocumentSummary {
  readonly #record: Uint8Array
  readonly #readTree: () => Uint8Array | undefined
  #tree: RevTree | undefined

  /** @param readTree gives the encoded tree where it lies under its own key */
  constructor(record: Uint8Array, readTree: () => Uint8Array | undefined) {
    super(record)
    this.#record = record
    this.#readTree = readTree
  }

  get tree(): RevTree {
    return (this.#tree ??= this.#decode())
  }

  #decode(): RevTree {
    if (this.treeOffset > 0) return decodeTree(this.#record, this.treeOffset)
    const tree = this.#readTree()
    return tree === undefined ? emptyTree : decodeTree(tree)
  }
}
