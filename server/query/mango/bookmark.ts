import { fail } from '../../../protocol/errors.ts'

/** Encodes a bookmark: the key of a page's last row, without the common prefix of the index's keys. */
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
