import { createPublicKey, type KeyObject } from 'node:crypto'
import { decodeJwt, jwtVerify } from 'jose'
import { fail } from '../../protocol/errors.ts'
import type { MeshMember } from '../../protocol/mesh/members.ts'
import { MEMBER_TOKEN_TYPE } from '../../replicator/http/member-token.ts'

/** A node as tokens name it. */
export interface TokenAudience {
  readonly mesh: string
  readonly member: string
}

/** A request that comes with a token. */
export interface TokenRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
}

export interface TokenLimits {
  /** Longest time between `iat` and `exp`. */
  readonly lifetimeSeconds: number
  /** Difference of clocks that is allowed for. */
  readonly toleranceSeconds: number
}

/** Tokens of one period that are remembered, so that none is used twice. */
const MOST_REMEMBERED = 1_000_000

/** Checks the tokens of members: signature, member, audience, request, time, and that each comes once. */
export class TokenCheck {
  readonly #limits: () => TokenLimits
  readonly #keys = new Map<string, KeyObject>()
  /** Ids of tokens of this period and of the one before, each as long as a token can be used. */
  #seen = new Set<string>()
  #seenBefore = new Set<string>()
  #periodEnds = 0

  constructor(limits: () => TokenLimits) {
    this.#limits = limits
  }

  /**
   * Returns the member that signed a token for this request.
   *
   * @throws `unauthorized`
   */
  async check(
    token: string,
    { method, target }: TokenRequest,
    audience: TokenAudience,
    members: ReadonlyMap<string, MeshMember>,
  ): Promise<MeshMember> {
    const member = members.get(issuerOf(token))
    if (member === undefined) throw refused('Its member is not in this mesh.')
    const { lifetimeSeconds, toleranceSeconds } = this.#limits()
    const { payload } = await jwtVerify(token, this.#keyOf(member.key), {
      algorithms: ['EdDSA'],
      typ: MEMBER_TOKEN_TYPE,
      issuer: member.id,
      audience: audience.member,
      clockTolerance: toleranceSeconds,
      maxTokenAge: lifetimeSeconds,
      requiredClaims: ['exp', 'jti'],
    }).catch((error: unknown) => {
      throw refused(error instanceof Error ? `${error.message}.` : 'It is malformed.')
    })
    if (payload.mesh !== audience.mesh) throw refused('It is for another mesh.')
    // Behind a proxy a path may have lost its beginning.
    if (payload.htm !== method || !String(payload.htu).endsWith(target))
      throw refused('It is for another request.')
    if (payload.exp! - payload.iat! > lifetimeSeconds) throw refused('It lasts too long.')
    this.#useOnce(payload.jti!, (lifetimeSeconds + 2 * toleranceSeconds) * 1000)
    return member
  }

  #useOnce(id: string, periodMs: number): void {
    const now = performance.now()
    if (now >= this.#periodEnds) {
      this.#seenBefore = now >= this.#periodEnds + periodMs ? new Set() : this.#seen
      this.#seen = new Set()
      this.#periodEnds = now + periodMs
    }
    if (this.#seen.has(id) || this.#seenBefore.has(id)) throw refused('It was used before.')
    if (this.#seen.size >= MOST_REMEMBERED) throw refused('There are too many.')
    this.#seen.add(id)
  }

  #keyOf(x: string): KeyObject {
    let key = this.#keys.get(x)
    if (key === undefined) {
      key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
      this.#keys.set(x, key)
    }
    return key
  }
}

function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? ''
  } catch {
    throw refused('It is malformed.')
  }
}

function refused(why: string): Error {
  return fail('unauthorized', `The mesh token is refused. ${why}`)
}
