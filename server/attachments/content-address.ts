declare const brand: unique symbol

/**
 * Address of bytes in the attachment store: their MD5, their length, and a number that tells different bytes of the
 * same MD5 and length apart, in base64url. The MD5 is needed anyway, as CouchDB's digest; as others can make bytes to
 * collide, the store takes two for the same only after it has compared them.
 */
export type ContentAddress = string & { readonly [brand]: 'ContentAddress' }

const MD5_LENGTH = 16
const MAX_VARIANT = 0xffff

export function contentAddress(md5: Uint8Array, length: number, variant: number): ContentAddress {
  if (variant > MAX_VARIANT) throw new RangeError('too many attachments of the same MD5')
  const bytes = Buffer.alloc(MD5_LENGTH + 8)
  bytes.set(md5)
  bytes.writeUIntBE(length, MD5_LENGTH, 6)
  bytes.writeUInt16BE(variant, MD5_LENGTH + 6)
  return addressFromBytes(bytes)
}

/** The address whose bytes stand in a key. */
export function addressFromBytes(bytes: Uint8Array): ContentAddress {
  return Buffer.from(bytes).toString('base64url') as ContentAddress
}

/** Takes a text for an address, unchecked: one that a stored body or a placeholder has. */
export function asContentAddress(text: string): ContentAddress {
  return text as ContentAddress
}

/** The 24 bytes of an address. */
export function addressBytes(address: string): Buffer {
  return Buffer.from(address, 'base64url')
}

/** The MD5 of the bytes that an address stands for. */
export function md5OfAddress(address: ContentAddress): Buffer {
  return addressBytes(address).subarray(0, MD5_LENGTH)
}
