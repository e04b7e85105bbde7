import type { DocId } from '../../../protocol/document-id.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { Database } from '../database.ts'
import { checkReadable, openRevisions, type OpenRevision } from './read-document.ts'
import type { StoredDocument } from './stored-document.ts'

/** Finds revisions of many documents, for `_bulk_get` and for replications within the server. */
export class RevisionFinder {
  readonly #database: Database
  readonly #options: { readonly latest: boolean; readonly user: UserContext }
  #loaded: ReadonlyMap<DocId, StoredDocument | undefined> = new Map()
  /** The document of the last call: clients name a document again for each of its revisions. */
  #last: { readonly id: DocId; readonly document: StoredDocument | undefined } | undefined

  /** @param options.latest true to find, for revisions with children, the leaves that descend from them */
  constructor(database: Database, options: { readonly latest: boolean; readonly user: UserContext }) {
    this.#database = database
    this.#options = options
  }

  /** Reads documents that will be asked for, in one go. */
  async load(ids: readonly DocId[]): Promise<void> {
    const documents = await this.#database.documents(ids)
    this.#loaded = new Map(ids.map((id, index) => [id, documents[index]]))
  }

  /**
   * Finds revisions of a document, or all its leaves.
   *
   * @throws `missing` if all leaves of a missing document are asked for, and the error for a user who may not read it
   */
  find(id: DocId, revs: readonly Rev[] | 'all'): readonly OpenRevision[] {
    if (this.#last?.id !== id) this.#last = { id, document: this.#document(id) }
    const found = openRevisions(this.#last.document, revs, this.#options)
    checkReadable(this.#database, id, found, this.#options.user)
    return found
  }

  #document(id: DocId): StoredDocument | undefined {
    return this.#loaded.has(id) ? this.#loaded.get(id) : this.#database.document(id)
  }
}
