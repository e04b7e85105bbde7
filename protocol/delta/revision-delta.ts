import { bufferOf } from '../bytes.ts'

/** Header of `GET /{db}` by which a server says that its `_bulk_get` knows `deltas=true`, in lower case. */
export const DELTAS_HEADER = 'couchette-deltas'
/** Version of format and members; another one is not asked for. */
export const DELTAS_VERSION = '1'

/** A revision without attachments, described by an ancestor. */
export interface RevisionDelta {
  readonly id: string
  readonly rev: string
  /** The ancestor whose body the delta is made of. */
  readonly base: string
  readonly deleted: boolean
  /** Hashes of the revision and its ancestors down to the base, without that. */
  readonly ids: readonly string[]
  /** SHA-256 of the body that comes of it, base64url. */
  readonly digest: string
  readonly delta: Uint8Array
}

/** Returns the text of a delta, as an element of `docs` in an answer of `_bulk_get` has it. */
export function printRevisionDelta({ delta, ...described }: RevisionDelta): string {
  return JSON.stringify({ ...described, bytes: bufferOf(delta).toString('base64') })
}

/** Reads a delta that a peer sent. @returns undefined where it looks otherwise */
export function readRevisionDelta(value: Readonly<Record<string, unknown>>): RevisionDelta | undefined {
  const { id, rev, base, deleted, ids, digest, bytes } = value
  const texts = [id, rev, base, digest, bytes]
  if (!texts.every(text => typeof text === 'string') || typeof deleted !== 'boolean') return undefined
  if (!Array.isArray(ids) || !ids.every(hash => typeof hash === 'string')) return undefined
  const [idText, revText, baseText, digestText, bytesText] = texts as [string, string, string, string, string]
  const delta = Buffer.from(bytesText, 'base64')
  return {
    id: idText,
    rev: revText,
    base: baseText,
    deleted,
    ids,
    digest: digestText,
    delta,
  }
}
