import { isDesignId } from '../../../protocol/document-id.ts'
import { renderDocument } from '../../../protocol/document/render.ts'
import { CouchError, fail } from '../../../protocol/errors.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import { nestingOf } from '../../../protocol/json/nesting.ts'
import { makeRev } from '../../../protocol/revision.ts'
import { history } from '../../../protocol/revtree/history.ts'
import { erlangPretty } from '../../../protocol/selector/erlang-pretty.ts'
import { attachmentsMember } from '../../database/documents/attachments-member.ts'
import type { Database } from '../../database/database.ts'
import type { Actor, DocumentValidator, ValidatedDocument } from '../../database/documents/edit.ts'
import { isEngineError } from '../skip-unusable.ts'
import { functionError } from '../../sandbox/errors.ts'
import type { Sandbox, SandboxDocument, ValidationResult } from '../../sandbox/sandbox.ts'
import { type DesignDocument } from './design-document.ts'
import type { DesignDocuments } from './design-documents.ts'

/** Containers within each other that the engine can always read. */
const MAX_NESTING = 1000

/** Judges documents by the `validate_doc_update` functions of a database. */
export class DesignValidator implements DocumentValidator {
  readonly #database: Database
  readonly #designs: DesignDocuments
  readonly #sandbox: Sandbox

  constructor(database: Database, designs: DesignDocuments, sandbox: Sandbox) {
    this.#database = database
    this.#designs = designs
    this.#sandbox = sandbox
  }

  appliesTo(): boolean {
    return this.#validating.length > 0
  }

  get #validating(): readonly DesignDocument[] {
    const { validating } = this.#designs
    const saidBy = this.#database.rules?.saidBy
    return saidBy === undefined ? validating : validating.filter(({ id }) => id !== saidBy)
  }

  async validate(
    documents: readonly ValidatedDocument[],
    actor: Actor,
  ): Promise<readonly (CouchError | undefined)[]> {
    const errors = new Array<CouchError | undefined>(documents.length)
    const asked: number[] = []
    for (const [index, { id }] of documents.entries()) if (!isDesignId(id)) asked.push(index)
    const calls = asked.map(position => this.#callOf(documents[position] as ValidatedDocument, actor))
    for (const ddoc of this.#validating) {
      const open = asked.flatMap((offset, index) =>
        errors[offset] === undefined ? [{ at: offset, call: calls[index] ?? '' }] : [],
      )
      const found = await this.#ask(
        ddoc.sandbox,
        open.map(({ call }) => call),
      )
      for (const [index, { at }] of open.entries()) errors[at] = found[index]
    }
    return errors
  }

  async #ask(ddoc: SandboxDocument, calls: string[]): Promise<(CouchError | undefined)[]> {
    if (calls.length === 0) return []
    try {
      return (await this.#sandbox.validate(ddoc, calls)).map(errorOf)
    } catch (error) {
      // One call that ends the engine ends the batch: only then each runs alone.
      if (!(error instanceof CouchError) || (calls.length === 1 && !isEngineError(error))) throw error
      const errors: (CouchError | undefined)[] = []
      for (const call of calls) errors.push(await this.#askAlone(ddoc, call))
      return errors
    }
  }

  async #askAlone(ddoc: SandboxDocument, call: string): Promise<CouchError | undefined> {
    try {
      const [verdict = null] = await this.#sandbox.validate(ddoc, [call])
      return errorOf(verdict)
    } catch (error) {
      if (!(error instanceof CouchError)) throw error
      if (isEngineError(error) && nestingOf(call) > MAX_NESTING) return fail('documentTooDeepToValidate')
      return functionError(error.error, error.reason)
    }
  }

  /** The arguments of a call: the new document, the old one, who writes, the security object. */
  #callOf(document: ValidatedDocument, { user }: Actor): string {
    const context = JSON.stringify({ db: this.#database.name, name: user.name, roles: user.roles })
    const security = Buffer.from(this.#database.securityText).toString()
    return `[${newDocument(document)},${this.#oldDocument(document)},${context},${security}]`
  }

  #oldDocument({ id, previous }: ValidatedDocument): string {
    if (previous === undefined || previous.deleted) return 'null'
    const { body, attachments } = this.#database.body(previous.body)
    const tree = this.#database.document(id)?.tree
    const path = tree === undefined ? undefined : history(tree, previous.rev)
    const revisions =
      path === undefined ? '' : `,"_revisions":${JSON.stringify({ start: path.start, ids: path.ids })}`
    const extras = revisions + attachmentsMember(attachments)
    return renderDocument({ id, rev: previous.rev, deleted: false, body, extras }).toString()
  }
}

/** As CouchDB shows an edit to validation functions: with the revision that it replaces, or that it brings. */
function newDocument({ id, edit, attachments }: ValidatedDocument): string {
  const [hash] = edit.revs.hashes
  const stubs = attachmentsMember(attachments)
  if (hash === undefined) {
    const body = Buffer.from(edit.body).toString().slice(1, -1)
    return `{"_id":${JSON.stringify(id)}${body === '' ? '' : `,${body}`}${edit.deleted ? ',"_deleted":true' : ''}${stubs}}`
  }
  const rev = makeRev(edit.revs.start, hash)
  const extras = `,"_revisions":${JSON.stringify({ start: edit.revs.start, ids: edit.revs.hashes })}${stubs}`
  return renderDocument({ id, rev, deleted: edit.deleted, body: edit.body, extras }).toString()
}

/**
 * Makes an error of a thrown value, which is the reason, whatever JSON it is. (CouchDB:
 * couch_query_servers:validate_doc_update/5)
 */
function errorOf(verdict: ValidationResult): CouchError | undefined {
  if (verdict === null) return undefined
  if ('error' in verdict) return functionError(verdict.error[1], verdict.error[2])
  const { thrown } = verdict
  if (typeof thrown !== 'object' || thrown === null || Array.isArray(thrown)) {
    return fail('unknownFunctionError', textOf(thrown))
  }
  if (Object.hasOwn(thrown, 'forbidden')) return new CouchError(403, 'forbidden', thrown.forbidden ?? null)
  if (Object.hasOwn(thrown, 'unauthorized'))
    return new CouchError(401, 'unauthorized', thrown.unauthorized ?? null)
  return fail('unknownFunctionError', textOf(Object.values(thrown)[0]))
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : erlangPretty(value ?? null)
}
