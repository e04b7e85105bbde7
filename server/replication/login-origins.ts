import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { connectionEnds } from '../http/connection/forwarded-request.ts'
import { OutgoingConnections } from '../../replicator/http/outgoing-connections.ts'

/** Sent by replications to all peers; it says nothing to anybody but this process. */
const HEADER = 'x-couchette-job'
const UNKNOWN = 'replications'
const MAX_ORIGINS = 10_000

/**
 * Tells for whom a replication of this server asks this very server, as when a job names it by `localhost`. Otherwise
 * wrong passwords in jobs would count for this machine's address, and lock out who logs in from there. What counts is the
 * connection, which nobody else can have; a header tells whose job it is, and proves nothing where the connection is not
 * our own.
 */
export class LoginOrigins {
  readonly outgoing = new OutgoingConnections()
  readonly #ids = new Map<string, string>()
  readonly #origins = new Map<string, string>()

  /** Headers for the requests of jobs with that `loginFrom` (see JobOrigin). */
  headersFor(loginFrom: string): Record<string, string> {
    let id = this.#ids.get(loginFrom)
    if (id === undefined) {
      id = randomBytes(16).toString('base64url')
      this.#ids.set(loginFrom, id)
      this.#origins.set(id, loginFrom)
      this.#forgetOldest()
    }
    return { [HEADER]: id }
  }

  /** Returns where a login in a request counts as coming from; undefined where it is no replication's of this server. */
  of(req: Pick<IncomingMessage, 'socket' | 'headers'>): string | undefined {
    if (!this.outgoing.has(connectionEnds(req))) return undefined
    return this.#origins.get(String(req.headers[HEADER])) ?? UNKNOWN
  }

  #forgetOldest(): void {
    const [oldest] = this.#ids
    if (this.#ids.size <= MAX_ORIGINS || oldest === undefined) return
    const [loginFrom, id] = oldest
    this.#ids.delete(loginFrom)
    this.#origins.delete(id)
  }
}
