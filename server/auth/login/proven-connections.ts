import type { UserRecord } from '../user-record.ts'

interface Proof {
  /** The `Authorization` header that was right. */
  readonly header: string
  readonly user: UserRecord
  /** By `performance.now()`. */
  readonly end: number
}

/**
 * Remembers what each connection proved last: clients send the same header with every request, and need not be asked
 * again while the user stays the same. A header is kept no longer than its connection.
 */
export class ProvenConnections {
  readonly #proofs = new WeakMap<object, Proof>()
  readonly #lifetimeMs: () => number

  constructor(lifetimeMs: () => number) {
    this.#lifetimeMs = lifetimeMs
  }

  /** The user whose password the header was proven to hold. */
  userOf(connection: object, header: string): UserRecord | undefined {
    const proof = this.#proofs.get(connection)
    return proof !== undefined && proof.header === header && proof.end > performance.now()
      ? proof.user
      : undefined
  }

  add(connection: object, header: string, user: UserRecord): void {
    this.#proofs.set(connection, { header, user, end: performance.now() + this.#lifetimeMs() })
  }
}
