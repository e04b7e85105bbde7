import { isBlobRecordKey } from '../attachment-keys.ts'
import type { RangeOptions } from '../contract.ts'
import { KeySpace, spaceOfKey, PREFIX_LENGTH } from '../keys.ts'

/** Key spaces whose values hold something of documents, or say who may read them. */
const SEALED: ReadonlySet<number> = new Set([
  KeySpace.body,
  KeySpace.local,
  KeySpace.setting,
  KeySpace.index,
  KeySpace.resolution,
])

/** Returns true if an encrypted store encrypts the value under a key. Keys are never encrypted. */
export function isSealed(key: Uint8Array): boolean {
  const space = spaceOfKey(key)
  return space === undefined ? isBlobRecordKey(key) : SEALED.has(space)
}

/** Returns true if certainly no value of a range is encrypted; false for ranges over more than one key space. */
export function isPlainRange({ gt, gte = gt, lt, lte }: RangeOptions): boolean {
  const to = lte ?? lt
  if (gte === undefined || to === undefined || spaceOfKey(gte) === undefined) return false
  return !isSealed(gte) && (isSameSpace(gte, to, 0) || (lte === undefined && isSameSpace(gte, to, 1)))
}

/** Returns true if `to` lies in the key space of `from` (0), or is the first key of the next one (1). */
function isSameSpace(from: Uint8Array, to: Uint8Array, beyond: 0 | 1): boolean {
  if (beyond === 1 && to.length !== PREFIX_LENGTH) return false
  for (let index = 0; index < PREFIX_LENGTH - 1; index++) if (from[index] !== to[index]) return false
  return to[PREFIX_LENGTH - 1] === (from[PREFIX_LENGTH - 1] ?? 0) + beyond
}
