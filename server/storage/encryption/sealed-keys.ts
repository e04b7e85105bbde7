import { isBlobRecordKey } from '../attachment-keys.ts'
import type { RangeOptions } from '../contract.ts'
import { KeySpace, spaceOfKey, PREFIX_LENGTH } from '../keys.ts'

/** What lies in these spaces holds something of documents, or says who may read them. */
const SEALED: ReadonlySet<number> = new Set([KeySpace.body, KeySpace.local, KeySpace.setting, KeySpace.index])

/** Whether the value under a key is encrypted, where the store is. Keys never are. */
export function isSealed(key: Uint8Array): boolean {
  const space = spaceOfKey(key)
  return space === undefined ? isBlobRecordKey(key) : SEALED.has(space)
}

/** Whether no value of a range is encrypted: certain only of ranges within one space of one database. */
export function isPlainRange({ gt, gte = gt, lt, lte }: RangeOptions): boolean {
  const to = lte ?? lt
  if (gte === undefined || to === undefined || spaceOfKey(gte) === undefined) return false
  return !isSealed(gte) && (isSameSpace(gte, to, 0) || (lte === undefined && isSameSpace(gte, to, 1)))
}

/** Whether a key lies in the same space, or is the very beginning of the one `beyond` it. */
function isSameSpace(from: Uint8Array, to: Uint8Array, beyond: 0 | 1): boolean {
  if (beyond === 1 && to.length !== PREFIX_LENGTH) return false
  for (let index = 0; index < PREFIX_LENGTH - 1; index++) if (from[index] !== to[index]) return false
  return to[PREFIX_LENGTH - 1] === (from[PREFIX_LENGTH - 1] ?? 0) + beyond
}
