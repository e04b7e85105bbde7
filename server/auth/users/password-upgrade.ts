import { setTimeout as sleep } from 'node:timers/promises'
import { asDocId } from '../../../protocol/document-id.ts'
import type { AttachmentInput } from '../../../protocol/document/attachment-input.ts'
import { parseDocument } from '../../../protocol/document/parse.ts'
import { parseRev } from '../../../protocol/revision.ts'
import { SERVER } from '../../../protocol/user-context.ts'
import type { Config } from '../../config/config.ts'
import type { Database } from '../../database/database.ts'
import type { StoredAttachment } from '../../database/documents/body-record.ts'
import { writeDocuments } from '../../database/documents/write-documents.ts'
import { type HashSettings, SERVER_ITSELF } from '../../passwords/hasher.ts'
import type { StoredPassword } from '../../passwords/stored-password.ts'
import type { UserRecord } from '../user-record.ts'
import { withStoredPassword } from './hash-password.ts'
import { USER_PREFIX } from './user-document.ts'

/**
 * Hashes passwords again, at a login, where the configured scheme, digest or iterations are others than the stored ones
 * (`couch_password_hasher`). The salt stays, so that sessions go on; the document gets another revision. That comes
 * some time after the login, so that the request which logged in can still change the document under the revision that
 * its client knows.
 */
export class PasswordUpgrade {
  readonly #config: Config
  readonly #running = new Map<string, Promise<void>>()
  readonly #closing = new AbortController()

  constructor(config: Config) {
    this.#config = config
  }

  /** Starts an upgrade if it is due and none runs for that user. What fails is tried at the next login. */
  consider(users: Database, user: UserRecord, password: string): void {
    const { rev, password: stored, name } = user
    if (rev === undefined || stored === undefined || this.#running.has(name)) return
    if (!this.#config.boolean('chttpd_auth', 'upgrade_hash_on_auth')) return
    if (!isOutdated(stored, this.#config.hashSettings)) return
    const running = this.#upgrade(users, name, rev, stored.salt, password)
      .catch(() => undefined)
      .finally(() => this.#running.delete(name))
    this.#running.set(name, running)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#running.values())
  }

  async #upgrade(users: Database, name: string, rev: string, salt: string, password: string): Promise<void> {
    const id = asDocId(USER_PREFIX + name)
    const delay = this.#config.integer('couchette', 'password_upgrade_delay')
    await sleep(delay, undefined, { signal: this.#closing.signal, ref: false })
    if (users.document(id)?.rev !== rev) return
    const hashed = await this.#config.hasher.hash(password, this.#config.hashSettings, SERVER_ITSELF, salt)
    const document = users.document(id)
    if (document === undefined || document.deleted || document.rev !== rev) return
    const { body, attachments } = users.body(document.body)
    const input = { ...parseDocument(body, { term: false }), attachments: attachments.map(stubOf) }
    const upgraded = { ...withStoredPassword(input, hashed), rev: parseRev(rev) }
    await writeDocuments(users, [{ id, input: upgraded }], { replicated: false, user: SERVER })
  }
}

function isOutdated(stored: StoredPassword, { scheme, prf, iterations }: HashSettings): boolean {
  if (stored.scheme !== scheme) return true
  return stored.scheme === 'pbkdf2' && (stored.prf !== prf || stored.iterations !== iterations)
}

/** An attachment that stays as it is. */
function stubOf({ name, contentType, revpos, length }: StoredAttachment): AttachmentInput {
  return {
    name,
    contentType,
    revpos,
    length,
    digest: undefined,
    encoding: 'identity',
    encodedLength: undefined,
    data: undefined,
    stub: true,
    follows: false,
  }
}
