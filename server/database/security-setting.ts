import { parseSecurity, ADMINS_ONLY, type Security } from '../../protocol/security.ts'
import { Space } from '../storage/keys.ts'
import type { Commit } from './commit.ts'
import type { WriteRequest } from './writer.ts'

/** The name of the setting that holds a database's `_security`. */
export const SECURITY_SETTING = 'security'

export interface StoredSecurity {
  /** As it was put. */
  readonly text: Uint8Array
  readonly parsed: Security
}

/**
 * Reads what is stored of `_security`. Where nothing is stored the database is for administrators of the server.
 *
 * @throws `bad_request` where it is no security object
 */
export function decodeSecurity(stored: Uint8Array | undefined): StoredSecurity {
  const text = stored ?? Buffer.from(ADMINS_ONLY)
  return { text, parsed: parseSecurity(JSON.parse(Buffer.from(text).toString())) }
}

/** Puts a new `_security` in place. It raises the update sequence, as in CouchDB. */
export class SecurityChange implements WriteRequest<void> {
  readonly ids = []
  readonly bytes: number
  readonly #security: StoredSecurity

  constructor(security: StoredSecurity) {
    this.#security = security
    this.bytes = security.text.length
  }

  apply(commit: Commit): void {
    commit.put(Space.setting, SECURITY_SETTING, this.#security.text)
    commit.state.seq += 1
  }
}
