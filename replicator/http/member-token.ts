import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import { MEMBER_SCHEME } from '../../protocol/mesh/members.ts'
import type { MemberSigner } from '../../protocol/replication-endpoint.ts'

/** `typ` of the tokens: none of another purpose passes for one. */
export const MEMBER_TOKEN_TYPE = 'couchette-mesh+jwt'

const ALGORITHM = 'EdDSA'
const TOKEN_ID_BYTES = 16

/** Makes the tokens with which a member of a mesh asks another one: each is for one request, once, and for that member only. */
export class MemberTokens {
  readonly #signer: MemberSigner
  readonly #key: KeyObject

  constructor(signer: MemberSigner) {
    this.#signer = signer
    this.#key = createPrivateKey({ key: { ...signer.key }, format: 'jwk' })
  }

  /** @param target path and query as they are sent */
  async header(method: string, target: string): Promise<Record<string, string>> {
    return { authorization: `${MEMBER_SCHEME} ${await this.token(method, target)}` }
  }

  token(method: string, target: string): Promise<string> {
    const { member, audience, mesh, lifetimeSeconds } = this.#signer
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT({ mesh, htm: method, htu: target })
      .setProtectedHeader({ alg: ALGORITHM, typ: MEMBER_TOKEN_TYPE })
      .setIssuer(member)
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(now + lifetimeSeconds)
      .setJti(randomBytes(TOKEN_ID_BYTES).toString('base64url'))
      .sign(this.#key)
  }
}
