import { bufferOf } from '../../protocol/bytes.ts'

const BEGIN = Buffer.from('{"_id":"')
const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Returns the id of a document's JSON text, "" where it has none or is no JSON. Peers write it first, where it is read
 * without parsing the rest.
 *
 * @param strict parse always: a text may have a second `_id`, which counts
 */
export function idOfJson(json: Uint8Array, strict = false): string {
  const bytes = bufferOf(json)
  const end = bytes.indexOf(QUOTE, BEGIN.length)
  const isFirst = !strict && end > 0 && bytes.compare(BEGIN, 0, BEGIN.length, 0, BEGIN.length) === 0
  if (isFirst && !bytes.subarray(BEGIN.length, end).includes(BACKSLASH))
    return bytes.toString('utf8', BEGIN.length, end)
  try {
    const { _id } = JSON.parse(bytes.toString()) as { _id?: unknown }
    return typeof _id === 'string' ? _id : ''
  } catch {
    return ''
  }
}
