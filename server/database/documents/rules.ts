import type { DocId } from '../../../protocol/document-id.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import type { Actor, DocumentValidator } from './edit.ts'

/** Hooks of a system database around reads and writes of its documents (CouchDB: `before_doc_update`, `after_doc_read`). */
export interface DatabaseRules {
  /** Judges edits in front of the database's validation functions. */
  readonly validator?: DocumentValidator

  /** Design document whose validation function has the same rules, and so is not run. */
  readonly saidBy?: DocId

  /**
   * Called for each request of somebody who is no server administrator, before its route is asked.
   *
   * @param path what is behind the database's name, decoded
   * @throws a `CouchError` where the request as a whole is not to be answered
   */
  beforeRequest(method: string, path: readonly string[], actor: Actor): void

  /**
   * Called for each document before it becomes an edit; may change what is written.
   *
   * @throws a `CouchError` that fails the whole request
   */
  beforeWrite(id: DocId, input: DocumentInput, actor: Actor): DocumentInput | Promise<DocumentInput>

  /**
   * Called before rows of the database are read, queried or filtered: they show what is in all documents, also where no
   * document is answered.
   *
   * @throws a `CouchError` for those who may not see every document whole
   */
  requireWholeView(actor: Actor): void

  /**
   * Called for each document before it is shown; may change what is shown.
   *
   * @param json the answer, with `_id`, `_rev` and what else was asked for
   * @throws a `CouchError` where it is not to be shown
   */
  afterRead(id: DocId, json: Buffer, actor: Actor): Buffer
}
