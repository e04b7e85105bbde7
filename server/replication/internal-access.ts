import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Account, Accounts } from '../auth/accounts.ts'

const HEADER = 'x-couchette-internal'

/** A request, as far as it says who sends it. */
interface Request {
  readonly req: { readonly headers: Readonly<Record<string, string | string[] | undefined>> }
}

/**
 * Lets this process's own replications ask this server under the authority of a job's user, whose password it does not
 * know: the user is signed with a secret that lives as long as the process and never leaves it. The nodes of a cluster share
 * one, as what a job writes is forwarded to the leader. Each request has the rights that the user has when it comes.
 */
export class InternalAccess {
  readonly #secret: string | Buffer
  readonly #users: Accounts

  /** @param secret of the nodes of a cluster; undefined for one of this process */
  constructor(users: Accounts, secret?: string) {
    this.#users = users
    this.#secret = secret ?? randomBytes(32)
  }

  headersFor(user: Account): Record<string, string> {
    const who = Buffer.from(JSON.stringify(user)).toString('base64url')
    return { [HEADER]: `${this.#sign(who)}.${who}` }
  }

  /**
   * Returns the account that one of our own requests names; undefined of any other request.
   *
   * @throws `unauthorized` where that user may not log in any more
   */
  accountOf({ req }: Request): Promise<Account> | undefined {
    const header = req.headers[HEADER]
    if (typeof header !== 'string') return undefined
    const [signature = '', who = ''] = header.split('.')
    if (!sameText(signature, this.#sign(who))) return undefined
    return this.#current(JSON.parse(Buffer.from(who, 'base64url').toString()) as Account)
  }

  #sign(who: string): string {
    return createHmac('sha256', this.#secret).update(`internal\n${who}`).digest('base64url')
  }

  async #current(account: Account): Promise<Account> {
    return { user: await this.#users.current(account), proof: account.proof }
  }
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
