import { BadEvent } from './bad-event.ts'
import { ExactNumber, type ExactObject, isExactObject, parseExact, type ExactValue } from './exact-json.ts'
import { timestampText } from './times.ts'

/**
 * Parses a document of MongoDB, extended JSON of the relaxed or the canonical form.
 *
 * @throws BadEvent
 */
export function parseMongoDocument(text: string): ExactObject {
  const value = parseExact(Buffer.from(text))
  if (!isExactObject(value)) throw new BadEvent('schema_mismatch', 'a document of MongoDB is no object')
  return new Map([...value].map(([name, member]) => [name, plainValue(member)]))
}

/** Returns the id in a key of MongoDB's connector, which is extended JSON as text: `{"$oid": "…"}`, `1004`, `"a"`. */
export function mongoId(text: string): ExactValue {
  try {
    return plainValue(parseExact(Buffer.from(text)))
  } catch {
    return text
  }
}

/** Extended types with a plain equal. Others stay as they are. */
const PLAIN: Readonly<Record<string, (value: ExactValue) => ExactValue | undefined>> = {
  $oid: text,
  $symbol: text,
  $uuid: text,
  $numberInt: integer,
  $numberLong: integer,
  // Text, so that no digit is lost.
  $numberDecimal: text,
  $numberDouble: double,
  $date: date,
}

/** Returns a value without extended types, as far as they have plain equals. */
export function plainValue(value: ExactValue): ExactValue {
  if (Array.isArray(value)) return value.map(plainValue)
  if (!isExactObject(value)) return value
  const [only] = value
  if (value.size === 1 && only !== undefined && Object.hasOwn(PLAIN, only[0])) {
    const plain = PLAIN[only[0]]?.(only[1])
    if (plain !== undefined) return plain
  }
  return new Map([...value].map(([name, member]) => [name, plainValue(member)]))
}

function text(value: ExactValue): ExactValue | undefined {
  return typeof value === 'string' ? value : undefined
}

function integer(value: ExactValue): ExactValue | undefined {
  if (value instanceof ExactNumber) return value
  return typeof value === 'string' && /^-?\d+$/.test(value) ? new ExactNumber(value) : undefined
}

/** "NaN" and infinities stay text. */
function double(value: ExactValue): ExactValue | undefined {
  if (typeof value !== 'string') return value
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? new ExactNumber(value) : value
}

/** Milliseconds, or in the relaxed form the text of RFC 3339. */
function date(value: ExactValue): ExactValue | undefined {
  if (typeof value === 'string') return value
  const amount = isExactObject(value) ? integer(value.get('$numberLong') ?? null) : value
  if (!(amount instanceof ExactNumber) || !/^-?\d{1,30}$/.test(amount.text)) return undefined
  return timestampText(BigInt(amount.text), 'milliseconds')
}
