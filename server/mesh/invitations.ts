import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { asDocId, type DocId } from '../../protocol/document-id.ts'
import { fail } from '../../protocol/errors.ts'
import { Turns } from '../../protocol/turns.ts'
import type { MemberList } from './member-list.ts'

/** An invitation as it is stored: nothing of its secret. */
interface StoredInvitation {
  readonly digest: string
  /** Milliseconds since 1970. */
  readonly expires: number
}

/** Parts of an invitation's token. */
export interface Invitation {
  /** The member that invites: what answers must have its key. */
  readonly inviter: string
  readonly id: string
  readonly secret: string
}

const PREFIX = 'couchette-invitation'
const ID_BYTES = 8
const SECRET_BYTES = 24

/** @throws `bad_request` */
export function parseInvitation(token: string): Invitation {
  const [prefix, inviter, id, secret, ...rest] = token.trim().split('.')
  if (prefix !== PREFIX || !inviter || !id || !secret || rest.length > 0)
    throw fail('badRequest', 'This is no invitation: `couchette mesh invite` at a member makes one.')
  return { inviter, id, secret }
}

/** One-time tokens with an end. They are kept at the node that made them, where they are used. */
export class Invitations {
  readonly #members: MemberList
  readonly #uses = new Turns(() => ({ running: 1 }))

  constructor(members: MemberList) {
    this.#members = members
  }

  async make(inviter: string, lifetimeMs: number): Promise<{ token: string; expires: Date }> {
    const id = randomBytes(ID_BYTES).toString('hex')
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    const expires = Date.now() + lifetimeMs
    const stored: StoredInvitation = { digest: digestOf(secret).toString('hex'), expires }
    await this.#members.writeLocal(storedUnder(id), stored)
    return { token: [PREFIX, inviter, id, secret].join('.'), expires: new Date(expires) }
  }

  /** Uses an invitation up, for good. @throws `unauthorized` unless it is valid, and was not used before */
  use({ id, secret }: Invitation): Promise<void> {
    return this.#uses.run(async () => {
      const stored = await this.#members.readLocal<StoredInvitation>(storedUnder(id))
      const digest = Buffer.from(stored?.digest ?? '', 'hex')
      const given = digestOf(secret)
      if (digest.length !== given.length || !timingSafeEqual(digest, given))
        throw fail('unauthorized', 'The invitation is unknown, or was used before.')
      await this.#members.writeLocal(storedUnder(id), null)
      if (stored!.expires < Date.now()) throw fail('unauthorized', 'The invitation is over.')
    })
  }
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

function storedUnder(id: string): DocId {
  return asDocId(`_local/invitation:${id}`)
}
