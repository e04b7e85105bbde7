declare const brand: unique symbol

/** SHA-256 of stored bytes in base64url: where the attachment store keeps them. */
export type ContentAddress = string & { readonly [brand]: 'ContentAddress' }

export function contentAddress(sha256: Uint8Array): ContentAddress {
  return Buffer.from(sha256).toString('base64url') as ContentAddress
}

/** The 32 bytes of an address. */
export function addressBytes(address: string): Buffer {
  return Buffer.from(address, 'base64url')
}
