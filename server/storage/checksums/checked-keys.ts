import { bufferOf } from '../../../protocol/bytes.ts'
import { isBlobRecordKey } from '../attachment-keys.ts'
import type { RangeOptions } from '../contract.ts'
import { databaseOfKey, metaKey, PREFIX_LENGTH, KeySpace, spaceOfKey } from '../keys.ts'

/** Read before it is known whether values have checksums. */
const FORMAT = metaKey('format')

/** Returns whether the value under a key has a checksum. */
export function isChecked(key: Uint8Array): boolean {
  return key[0] !== FORMAT[0] || !FORMAT.equals(key)
}

/**
 * Returns whether the checksum of a value depends on its key. Some values name themselves: rows of the feed hold their
 * sequence and id, rows of indexes their key and id.
 */
export function isKeyBound(key: Uint8Array): boolean {
  const space = spaceOfKey(key)
  return space !== KeySpace.change && space !== KeySpace.index
}

/** Returns whether the values of a range can be checked without their keys: of ranges within one space of one database. */
export function isSelfDescribingRange({ gt, gte = gt, lt, lte }: RangeOptions): boolean {
  const to = lte ?? lt
  if (gte === undefined || to === undefined || gte.length < PREFIX_LENGTH || to.length < PREFIX_LENGTH)
    return false
  if (isKeyBound(gte)) return false
  for (let index = 0; index < PREFIX_LENGTH - 1; index++) if (gte[index] !== to[index]) return false
  const beyond = to[PREFIX_LENGTH - 1]! - gte[PREFIX_LENGTH - 1]!
  return beyond === 0 || (beyond === 1 && lte === undefined && to.length === PREFIX_LENGTH)
}

const NAMES: Readonly<Record<number, string>> = {
  [KeySpace.state]: 'The state',
  [KeySpace.document]: 'The document',
  [KeySpace.tree]: 'The revision tree of the document',
  [KeySpace.change]: 'The change',
  [KeySpace.body]: 'The body',
  [KeySpace.local]: 'The local document',
  [KeySpace.purge]: 'The purge',
  [KeySpace.setting]: 'The setting',
  [KeySpace.attachment]: 'The attachment reference',
  [KeySpace.index]: 'The index record',
  [KeySpace.conflict]: 'The conflict record',
  [KeySpace.rank]: 'The count',
  [KeySpace.resolution]: 'The logged resolution',
}

const OF_TEXT: ReadonlySet<number> = new Set([
  KeySpace.document,
  KeySpace.tree,
  KeySpace.local,
  KeySpace.setting,
])
const OF_NUMBER: ReadonlySet<number> = new Set([KeySpace.change, KeySpace.body, KeySpace.purge])

/** Names a record for people: 'The document "a" of database 7'. */
export function describeKey(key: Uint8Array): string {
  const space = spaceOfKey(key)
  const bytes = bufferOf(key)
  if (space === undefined) {
    return `${isBlobRecordKey(key) ? 'The content of an attachment' : 'The record'} ${bytes.toString('hex')}`
  }
  const rest = bytes.subarray(PREFIX_LENGTH)
  let name = rest.toString('hex')
  if (OF_TEXT.has(space)) name = JSON.stringify(rest.toString())
  else if (OF_NUMBER.has(space) && rest.length === 6) name = String(rest.readUIntBE(0, 6))
  const what = NAMES[space] ?? 'The record'
  return `${name === '' ? what : `${what} ${name}`} of database ${databaseOfKey(key)}`
}
