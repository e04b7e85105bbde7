import { type Hash128, murmur3 } from './murmur3.ts'

/**
 * The digest of a set of documents: the sum of their hashes, each word for itself, modulo 2^32. So the digest of a range is
 * the sum of those of its parts, and a change of a document is a subtraction and an addition.
 */
export type Digest = Hash128

/** The digest of no documents. */
export const NO_DOCUMENTS: Digest = [0, 0, 0, 0]

/** A leaf as digests see it. */
export interface DigestedLeaf {
  readonly rev: string
  readonly deleted: boolean
}

/** Names the definition of digests: servers of another one cannot compare theirs. */
export const DIGEST_VERSION = 1

/**
 * Returns the digest of one document: the hash of its id and its leaves in the order of their texts, each followed by a NUL,
 * deleted ones by `!` and a NUL.
 */
export function documentDigest(id: string, leaves: readonly DigestedLeaf[]): Digest {
  const [only] = leaves
  if (only !== undefined && leaves.length === 1) return murmur3(`${id}\0${textOf(only)}`)
  let text = `${id}\0`
  for (const leaf of leaves.map(textOf).sort()) text += leaf
  return murmur3(text)
}

function textOf({ rev, deleted }: DigestedLeaf): string {
  return deleted ? `${rev}!\0` : `${rev}\0`
}

/** Returns the sum of two digests; undefined where one of them is not known. */
export function addDigests(a: Digest | undefined, b: Digest | undefined): Digest | undefined {
  if (a === undefined || b === undefined) return undefined
  return [(a[0] + b[0]) | 0, (a[1] + b[1]) | 0, (a[2] + b[2]) | 0, (a[3] + b[3]) | 0]
}

/** Returns what is left of a digest without a part of it. */
export function subtractDigest(a: Digest, b: Digest): Digest {
  return [(a[0] - b[0]) | 0, (a[1] - b[1]) | 0, (a[2] - b[2]) | 0, (a[3] - b[3]) | 0]
}

/** Formats a digest as 32 hex digits. */
export function formatDigest(digest: Digest): string {
  return digest.map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')
}

/** Parses a digest as `formatDigest` makes it; undefined for any other text. */
export function parseDigest(text: string): Digest | undefined {
  if (!/^[0-9a-f]{32}$/.test(text)) return undefined
  const word = (at: number): number => parseInt(text.slice(at, at + 8), 16) | 0
  return [word(0), word(8), word(16), word(24)]
}

const BYTES = 16

/** Encodes digests one behind the other as base64. */
export function encodeDigests(digests: readonly Digest[]): string {
  const bytes = Buffer.allocUnsafe(digests.length * BYTES)
  for (const [index, digest] of digests.entries()) {
    for (let word = 0; word < 4; word++) bytes.writeInt32BE(digest[word]!, index * BYTES + word * 4)
  }
  return bytes.toString('base64')
}

/** Decodes what `encodeDigests` made. */
export function decodeDigests(text: string): Digest[] {
  const bytes = Buffer.from(text, 'base64')
  return Array.from({ length: bytes.length / BYTES }, (_, index): Digest => {
    const at = index * BYTES
    return [
      bytes.readInt32BE(at),
      bytes.readInt32BE(at + 4),
      bytes.readInt32BE(at + 8),
      bytes.readInt32BE(at + 12),
    ]
  })
}
