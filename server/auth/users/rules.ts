import { isDesignId } from '../../../protocol/document-id.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import { CouchError, fail } from '../../../protocol/errors.ts'
import { isDatabaseAdmin, type Security } from '../../../protocol/security.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { Config } from '../../config/config.ts'
import type { Database } from '../../database/database.ts'
import type { Actor, DocumentValidator, ValidatedDocument } from '../../database/documents/edit.ts'
import { checkValueCount } from '../../database/documents/value-count.ts'
import type { DatabaseRules } from '../../database/documents/rules.ts'
import { requireDbAdmin } from '../authorize.ts'
import { AUTH_DESIGN } from './auth-design.ts'
import { plainPassword, withStoredPassword } from './hash-password.ts'
import { refuseBranches } from './branches.ts'
import { maxIterations } from '../login/password-limits.ts'
import { checkOwnLimits } from './own-limits.ts'
import { checkPasswordRules, parsePasswordRules } from './password-rules.ts'
import { checkUserDocument, type DocumentObject } from './user-document.ts'
import { checkWriter, publicMembers, visibilityOf } from './visibility.ts'

/** The rules of the users database (`couch_users_db`). */
export class UsersRules implements DatabaseRules {
  readonly validator: DocumentValidator
  readonly saidBy = AUTH_DESIGN
  readonly #config: Config

  /** @param bodyOf reads a stored body of the users database */
  constructor(config: Config, bodyOf: (body: number) => Promise<Uint8Array>) {
    this.#config = config
    this.validator = new UserValidator(bodyOf, () => maxIterations(config))
  }

  /**
   * Design documents are not shown, there or not, and their functions not run, other than shows of the user's own
   * document; attachments belong to the document's own user.
   *
   * @throws `forbidden`, or `missing` for the document of somebody else
   */
  beforeRequest(method: string, path: readonly string[], { user, security }: Actor): void {
    const [id = '', name, attachment, ...rest] = path
    if (id === '_design' && attachment === '_show') return checkShown(rest.slice(1).join('/'), user, security)
    const reads = method === 'GET' || method === 'HEAD'
    const runs = attachment?.startsWith('_') === true
    if (id === '_design' && name !== undefined && (reads || runs))
      visibilityOf(`_design/${name}`, user, security)
    if (!reads) return
    const asksAttachment = (name !== undefined && !id.startsWith('_')) || attachment !== undefined
    if (asksAttachment && visibilityOf(id, user, security) !== 'whole') throw fail('missing')
  }

  /** Plain passwords never reach the disk. */
  async beforeWrite(id: DocId, input: DocumentInput, { user, security }: Actor): Promise<DocumentInput> {
    checkWriter(id, user, security)
    checkValueCount(input.body, this.#config.integer('couchette', 'max_system_document_values'))
    const password = plainPassword(input.body)
    if (password === undefined) return input
    checkPasswordRules(password, parsePasswordRules(this.#config.text('chttpd_auth', 'password_regexp')))
    const { hasher, hashSettings } = this.#config
    // All who sign up are one client: they have no name yet.
    const client = `user ${user.name ?? ''}`
    return withStoredPassword(input, await hasher.hash(password, hashSettings, client))
  }

  requireWholeView({ user, security }: Actor): void {
    requireDbAdmin(user, security)
  }

  afterRead(id: DocId, json: Buffer, { user, security }: Actor): Buffer {
    if (visibilityOf(id, user, security) === 'whole') return json
    const document = JSON.parse(json.toString()) as Record<string, unknown>
    const { _id, _rev, ...members } = document
    const shown = publicMembers(members, this.#config.list('chttpd_auth', 'public_fields'))
    return Buffer.from(JSON.stringify({ _id, _rev, ...shown }))
  }
}

/** @param id of the document that is to be shown; empty where there is none */
function checkShown(id: string, user: UserContext, security: Security): void {
  if (id !== '' && visibilityOf(id, user, security) !== 'whole') throw fail('missing')
}

class UserValidator implements DocumentValidator {
  readonly #bodyOf: (body: number) => Promise<Uint8Array>
  readonly #maxIterations: () => number

  constructor(bodyOf: (body: number) => Promise<Uint8Array>, maxIterations: () => number) {
    this.#bodyOf = bodyOf
    this.#maxIterations = maxIterations
  }

  appliesTo(): boolean {
    return true
  }

  validate(
    documents: readonly ValidatedDocument[],
    actor: Actor,
  ): Promise<readonly (CouchError | undefined)[]> {
    const refused = refuseBranches(documents, actor)
    return Promise.all(
      documents.map(async document => refused.get(document) ?? (await this.#judge(document, actor))),
    )
  }

  async #judge(
    { id, edit, previous }: ValidatedDocument,
    { user, security }: Actor,
  ): Promise<CouchError | undefined> {
    if (isDesignId(id)) return undefined
    const before =
      previous === undefined || previous.body === 0 ? undefined : parse(await this.#bodyOf(previous.body))
    const document = parse(edit.body)
    try {
      checkUserDocument({ id, deleted: edit.deleted, document, previous: before }, user, security)
      if (!edit.deleted && !isDatabaseAdmin(user, security)) checkOwnLimits(document, this.#maxIterations())
      return undefined
    } catch (error) {
      if (error instanceof CouchError) return error
      throw error
    }
  }
}

/** The rules for the users database of that name; the database is known only once it is open. */
export function usersRules(config: Config, open: () => Promise<Database>): UsersRules {
  return new UsersRules(config, async body => (await open()).body(body).body)
}

function parse(body: Uint8Array): DocumentObject {
  return JSON.parse(Buffer.from(body).toString()) as DocumentObject
}
