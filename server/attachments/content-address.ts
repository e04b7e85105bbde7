declare const brand: unique symbol

/**
 * Address of bytes in the attachment store: their MD5, their length, and a number that tells different bytes of the
 * same MD5 and length apart, in base64url. The MD5 is needed anyway, as CouchDB's digest; as others can make bytes to
 * collide, the store takes two for the same only after it has compared them. In a cluster a SHA-256 follows.
 */
export type ContentAddress = string & { readonly [brand]: 'ContentAddress' }

const MD5_LENGTH = 16
/** Stands in place of the number where a SHA-256 follows. */
const SHARED = 0xffff
const MAX_VARIANT = SHARED - 1

/** Digests of stored bytes. */
export interface ContentDigests {
  readonly md5: Uint8Array
  /** Of a node of a cluster: leaders that know nothing of each other must not give one address to different bytes. */
  readonly sha256: Uint8Array | undefined
}

/** Returns the address of bytes. With a SHA-256 it stands for these bytes alone, and there are no variants. */
export function contentAddress(
  { md5, sha256 }: ContentDigests,
  length: number,
  variant: number,
): ContentAddress {
  if (sha256 !== undefined) return addressFromBytes(Buffer.concat([head(md5, length, SHARED), sha256]))
  if (variant > MAX_VARIANT) throw new RangeError('too many attachments of the same MD5')
  return addressFromBytes(head(md5, length, variant))
}

function head(md5: Uint8Array, length: number, variant: number): Buffer {
  const bytes = Buffer.alloc(MD5_LENGTH + 8)
  bytes.set(md5)
  bytes.writeUIntBE(length, MD5_LENGTH, 6)
  bytes.writeUInt16BE(variant, MD5_LENGTH + 6)
  return bytes
}

/** The address whose bytes stand in a key. */
export function addressFromBytes(bytes: Uint8Array): ContentAddress {
  return Buffer.from(bytes).toString('base64url') as ContentAddress
}

/** Takes a text for an address, unchecked: one that a stored body has. */
export function asContentAddress(text: string): ContentAddress {
  return text as ContentAddress
}

/** The 24 bytes of an address, or 56 of one with a SHA-256. */
export function addressBytes(address: string): Buffer {
  return Buffer.from(address, 'base64url')
}

/** The MD5 of the bytes that an address stands for. */
export function md5OfAddress(address: ContentAddress): Buffer {
  return addressBytes(address).subarray(0, MD5_LENGTH)
}
