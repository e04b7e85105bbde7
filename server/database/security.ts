import { fail } from '../../protocol/errors.ts'
import { parseSecurity, ADMINS_ONLY, isMember, type Security } from '../../protocol/security.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { CommitRecord, CommitSubscriber, StoredMoment } from './commit/commit-record.ts'

interface StoredSecurity {
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

/** The `_security` object that holds: it follows from the commits, so that whoever applies them has it. */
export class CurrentSecurity implements CommitSubscriber {
  #stored: StoredSecurity

  constructor(stored: Uint8Array | undefined) {
    this.#stored = decodeSecurity(stored)
  }

  get parsed(): Security {
    return this.#stored.parsed
  }

  /** JSON text, as it was put. */
  get text(): Uint8Array {
    return this.#stored.text
  }

  apply({ security }: CommitRecord): void {
    if (security !== undefined) this.#stored = decodeSecurity(security)
  }

  reload({ security, hasFailed }: StoredMoment): void {
    if (hasFailed) this.#stored = decodeSecurity(security)
  }
}

/**
 * For what reads and writes documents (`couch_db:check_is_member/1`).
 *
 * @throws `unauthorized` to anonymous requests, `forbidden` to users
 */
export function requireMember(user: UserContext, security: Security): void {
  if (isMember(user, security)) return
  throw user.name === null
    ? fail('unauthorized', 'You are not authorized to access this db.')
    : fail('forbidden', 'You are not allowed to access this db.')
}
