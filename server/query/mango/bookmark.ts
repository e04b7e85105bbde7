import { fail } from '../../../protocol/errors.ts'

/** Where a page ended: the key of its last row, without what all keys of the index begin with. */
export function encodeBookmark(rowKey: Uint8Array): string {
  return `m${Buffer.from(rowKey).toString('base64url')}`
}

/** @throws `invalid_bookmark` */
export function decodeBookmark(bookmark: string): Uint8Array {
  const bytes = Buffer.from(bookmark.slice(1), 'base64url')
  if (!bookmark.startsWith('m') || bytes.length === 0 || encodeBookmark(bytes) !== bookmark) {
    throw fail('invalidBookmark', JSON.stringify(bookmark))
  }
  return bytes
}
