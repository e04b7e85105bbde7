import { DESIGN, DESIGN_END, isDesignId, type DocId } from '../../../protocol/document-id.ts'
import { renderDocument } from '../../../protocol/document/render.ts'
import { fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import type { CommitRecord } from '../../database/commit/commit-record.ts'
import type { Database } from '../../database/database.ts'
import { isRunnable, languageOf, type DesignDocument } from './design-document.ts'

/** The design documents of a database, read when it is opened and after each commit that changes them. */
export class DesignDocuments {
  readonly #database: Database
  readonly #documents = new Map<DocId, DesignDocument>()
  #validating: readonly DesignDocument[] = []

  static async open(database: Database): Promise<DesignDocuments> {
    const documents = new DesignDocuments(database)
    await documents.reload()
    return documents
  }

  private constructor(database: Database) {
    this.#database = database
  }

  /** Reads them from the store. */
  async reload(): Promise<void> {
    this.#documents.clear()
    for await (const { id } of this.#database.summariesBetween(DESIGN, DESIGN_END)) this.#read(id)
    this.#findValidating()
  }

  /** Those with a validation function. */
  get validating(): readonly DesignDocument[] {
    return this.#validating
  }

  all(): Iterable<DesignDocument> {
    return this.#documents.values()
  }

  /** @throws `missing`, `deleted` */
  get(id: DocId): DesignDocument {
    const known = this.#documents.get(id)
    if (known !== undefined) return known
    throw fail(this.#database.document(id)?.deleted === true ? 'deleted' : 'missing')
  }

  find(id: DocId): DesignDocument | undefined {
    return this.#documents.get(id)
  }

  /** Reads what a commit changed or removed. Returns true where it was a design document. */
  apply({ changes, removals }: CommitRecord): boolean {
    let isChanged = false
    for (const list of [changes, removals]) {
      for (const { id } of list) {
        if (!isDesignId(id)) continue
        this.#read(id)
        isChanged = true
      }
    }
    if (isChanged) this.#findValidating()
    return isChanged
  }

  #read(id: DocId): void {
    this.#documents.delete(id)
    const document = this.#database.document(id)
    if (document === undefined || document.deleted) return
    const { rev } = document
    const { body } = this.#database.body(document.body)
    const json = renderDocument({ id, rev, deleted: false, body }).toString()
    const owner = String(this.#database.record.number)
    const value = JSON.parse(json) as JsonObject
    this.#documents.set(id, { id, rev, value, sandbox: { owner, json, language: languageOf(value) } })
  }

  #findValidating(): void {
    this.#validating = [...this.#documents.values()].filter(
      ({ value }) => typeof value.validate_doc_update === 'string' && isRunnable(languageOf(value)),
    )
  }
}
