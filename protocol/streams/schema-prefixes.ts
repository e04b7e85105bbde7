import { type ExactObject, type ExactValue, parseExact } from './exact-json.ts'
import { ExactParser, textOfBytes } from './exact-parser.ts'

/** Schemas that are kept. */
const MOST = 64

const BEFORE = Buffer.from('{"schema":')
const BETWEEN = ',"payload":'

interface Prefix {
  /** All up to the payload: `{"schema":…,"payload":`. */
  readonly bytes: Buffer
  readonly schema: ExactValue
}

/** Last used first. */
const prefixes: Prefix[] = []

/**
 * Parses a message. One with a schema is mostly that, and the schema is that of the messages before it: where its bytes are the
 * same they are not read again, and the value is the same object.
 *
 * @throws BadEvent `invalid_json`
 */
export function parseMessage(bytes: Uint8Array): ExactValue {
  const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!startsWith(json, BEFORE)) return parseExact(json)
  const known = prefixes.findIndex(prefix => startsWith(json, prefix.bytes))
  if (known < 0) return parseNew(json)
  const prefix = prefixes[known]!
  if (known > 0) prefixes.unshift(...prefixes.splice(known, 1))
  const rest = textOfBytes(json.subarray(prefix.bytes.length))
  const parser = new ExactParser(rest)
  const payload = parser.value()
  if (rest.slice(parser.position) !== '}') return parseExact(json)
  return message(prefix.schema, payload)
}

function parseNew(json: Buffer): ExactValue {
  const text = textOfBytes(json)
  const parser = new ExactParser(text, BEFORE.length)
  const schema = parser.value()
  if (!text.startsWith(BETWEEN, parser.position)) return parseExact(json)
  const end = parser.position + BETWEEN.length
  parser.expect(BETWEEN)
  const payload = parser.value()
  if (text.slice(parser.position) !== '}') return parseExact(json)
  prefixes.unshift({ bytes: Buffer.from(text.slice(0, end)), schema })
  prefixes.length = Math.min(prefixes.length, MOST)
  return message(schema, payload)
}

function message(schema: ExactValue, payload: ExactValue): ExactObject {
  return new Map([
    ['schema', schema],
    ['payload', payload],
  ])
}

function startsWith(bytes: Buffer, beginning: Buffer): boolean {
  return bytes.length >= beginning.length && beginning.compare(bytes, 0, beginning.length) === 0
}
