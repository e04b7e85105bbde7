import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { fail } from '../../protocol/errors.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import { type Introducer, makeKey, type MemberKey, memberIdOf, type MeshIdentity } from './identity.ts'
import { type Invitation, parseInvitation } from './invitations.ts'
import type { MemberClient } from './member-client.ts'
import { withoutTrailing } from '../../protocol/trailing.ts'

/** A node as it enters a mesh. */
export interface NewMember {
  readonly name: string
  readonly url: string
  readonly region: string
}

/** A node that asks to be taken in, and has proved that it has the key it names. */
export interface Newcomer extends NewMember {
  readonly id: string
  readonly key: string
  readonly invitation: Invitation
  /** Returns the proof that the node which takes it in is the one that made the invitation. */
  answer(): Promise<string>
}

const TYPE = 'couchette-mesh-join+jwt'
const ALGORITHM = 'EdDSA'
const LIFETIME = '2m'
/** Clocks of nodes that do not know each other yet. */
const TOLERANCE_SECONDS = 120

/**
 * Asks a member to take this node in. The secret of the invitation goes to it; it proves by a signature that it is the member
 * which the invitation names.
 *
 * @throws `joinRefused`, `bad_request`
 */
export async function joinRequest(
  client: MemberClient,
  { at, token, member }: { readonly at: string; readonly token: string; readonly member: NewMember },
  signal: AbortSignal,
  timeoutMs: number,
): Promise<MeshIdentity> {
  const invitation = parseInvitation(token)
  const key = makeKey()
  const id = memberIdOf(key.x)
  const proof = await sign(key, id, invitation.id)
  const json = { invitation: token.trim(), member: { ...member, key: key.x }, proof }
  const request = { method: 'POST', path: '_mesh/members', json } as const
  const { status, value } = await client
    .ask(withoutTrailing(at, '/'), undefined, request, signal, timeoutMs)
    .catch((error: unknown) => {
      throw fail('joinRefused', error instanceof PeerError ? error.reason : 'it does not answer')
    })
  if (status !== 201)
    throw fail('joinRefused', typeof value.reason === 'string' ? value.reason : String(status))
  const {
    mesh,
    introducer,
    proof: answer,
  } = value as {
    mesh: string
    introducer: Introducer
    proof: string
  }
  const isInviter =
    typeof mesh === 'string' &&
    typeof introducer?.key === 'string' &&
    introducer.id === invitation.inviter &&
    memberIdOf(introducer.key) === introducer.id &&
    (await isSignedBy(answer, introducer.key, introducer.id, id))
  if (!isInviter) throw fail('joinRefused', 'it is not the member that made the invitation')
  return {
    mesh,
    member: id,
    key,
    introducer: { id: introducer.id, url: introducer.url, key: introducer.key },
  }
}

/**
 * Reads a request to join. The invitation is not used up yet.
 *
 * @throws `bad_request`, `unauthorized`
 */
export async function newcomerOf(
  { invitation: token, member, proof }: Readonly<Record<string, unknown>>,
  { member: self, key: ownKey }: MeshIdentity,
): Promise<Newcomer> {
  const invitation = parseInvitation(typeof token === 'string' ? token : '')
  const { name, url, region, key } = (member ?? {}) as Partial<NewMember & { key: string }>
  const texts = [name, url, region, key].every(text => typeof text === 'string')
  if (!texts || !/^https?:\/\/[^/?#@]+(\/[^?#]*)?$/.test(url!) || !/^[\w-]{43}$/.test(key!))
    throw fail('badRequest', 'A member has `name`, `url`, `region` and `key`.')
  const id = memberIdOf(key!)
  if (invitation.inviter !== self) throw fail('unauthorized', 'Another member made the invitation.')
  if (!(await isSignedBy(proof, key!, id, invitation.id)))
    throw fail('unauthorized', 'The proof of the key is missing.')
  const answer = (): Promise<string> => sign(ownKey, self, id)
  return { id, name: name!, url: withoutTrailing(url!, '/'), region: region!, key: key!, invitation, answer }
}

function sign(key: MemberKey, issuer: string, audience: string): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(LIFETIME)
    .sign(createPrivateKey({ key: { ...key }, format: 'jwk' }))
}

async function isSignedBy(token: unknown, x: string, issuer: string, audience: string): Promise<boolean> {
  try {
    const key: KeyObject = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    const options = {
      algorithms: [ALGORITHM],
      typ: TYPE,
      issuer,
      audience,
      clockTolerance: TOLERANCE_SECONDS,
    }
    await jwtVerify(String(token), key, options)
    return true
  } catch {
    return false
  }
}
