import {
  ATOM,
  BINARY,
  INTEGER,
  LARGE_BIG,
  LIST,
  MAX_STRING,
  NEW_FLOAT,
  NIL,
  SMALL_BIG,
  SMALL_INTEGER,
  SMALL_TUPLE,
  STRING,
  VERSION,
} from './external-term-tags.ts'

/**
 * The few Erlang terms that CouchDB hashes to identify a replication, in the external term format
 * (`erlang:term_to_binary/2` with `{minor_version, 1}`, erlang.org "External Term Format").
 */
export type Term =
  | { readonly atom: string }
  | { readonly tuple: readonly Term[] }
  | { readonly list: readonly Term[] }
  | { readonly binary: string }
  | { readonly charlist: string }
  | { readonly integer: bigint }
  | { readonly float: number }

/** The term's bytes, with the version byte in front. */
export function termToBinary(term: Term): Buffer {
  const parts: Buffer[] = [Buffer.from([VERSION])]
  put(parts, term)
  return Buffer.concat(parts)
}

/**
 * The term that CouchDB's JSON decoder makes of a JSON value: objects are `{[{Key, Value}]}`, strings binaries.
 *
 * A number is an integer when JavaScript sees no fraction in it.
 */
export function jsonTerm(value: unknown): Term {
  if (typeof value === 'string') return { binary: value }
  if (typeof value === 'boolean') return { atom: String(value) }
  if (typeof value === 'bigint') return { integer: value }
  if (typeof value === 'number')
    return Number.isInteger(value) ? { integer: BigInt(value) } : { float: value }
  if (Array.isArray(value)) return { list: value.map(jsonTerm) }
  if (typeof value !== 'object' || value === null) return { atom: 'null' }
  const members = Object.entries(value).map(([key, member]): Term => ({
    tuple: [{ binary: key }, jsonTerm(member)],
  }))
  return { tuple: [{ list: members }] }
}

/**
 * Returns the term of a value, members of all objects in bytewise order of their keys (CouchDB:
 * `couch_replicator_filters:ejsort/1`).
 */
export function sortedJsonTerm(value: unknown): Term {
  if (Array.isArray(value)) return { list: value.map(sortedJsonTerm) }
  if (typeof value !== 'object' || value === null) return jsonTerm(value)
  const members = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const pairs = members.map(([key, member]): Term => ({ tuple: [{ binary: key }, sortedJsonTerm(member)] }))
  return { tuple: [{ list: pairs }] }
}

function put(parts: Buffer[], term: Term): void {
  if ('atom' in term) return putSized(parts, ATOM, 2, Buffer.from(term.atom, 'latin1'))
  if ('binary' in term) return putSized(parts, BINARY, 4, Buffer.from(term.binary))
  if ('charlist' in term) return putCharlist(parts, Buffer.from(term.charlist))
  if ('integer' in term) return putInteger(parts, term.integer)
  if ('float' in term) return putFloat(parts, term.float)
  if ('tuple' in term) {
    parts.push(Buffer.from([SMALL_TUPLE, term.tuple.length]))
    for (const element of term.tuple) put(parts, element)
    return
  }
  putList(parts, term.list)
}

function putSized(parts: Buffer[], tag: number, width: number, bytes: Buffer): void {
  const head = Buffer.alloc(1 + width)
  head[0] = tag
  head.writeUIntBE(bytes.length, 1, width)
  parts.push(head, bytes)
}

function putCharlist(parts: Buffer[], bytes: Buffer): void {
  if (bytes.length === 0) parts.push(Buffer.from([NIL]))
  else if (bytes.length <= MAX_STRING) putSized(parts, STRING, 2, bytes)
  else
    putList(
      parts,
      Array.from(bytes, byte => ({ integer: BigInt(byte) })),
    )
}

/** Erlang writes a list of nothing but bytes as a string, whatever it was meant to be. */
function putList(parts: Buffer[], elements: readonly Term[]): void {
  if (elements.length > 0 && elements.length <= MAX_STRING && elements.every(isByte)) {
    const bytes = elements.map(element => Number(element.integer))
    return putSized(parts, STRING, 2, Buffer.from(bytes))
  }
  if (elements.length > 0) {
    const head = Buffer.alloc(5)
    head[0] = LIST
    head.writeUInt32BE(elements.length, 1)
    parts.push(head)
    for (const element of elements) put(parts, element)
  }
  parts.push(Buffer.from([NIL]))
}

function isByte(term: Term): term is { readonly integer: bigint } {
  return 'integer' in term && term.integer >= 0n && term.integer <= 255n
}

function putInteger(parts: Buffer[], value: bigint): void {
  if (value >= 0n && value <= 255n) return void parts.push(Buffer.from([SMALL_INTEGER, Number(value)]))
  if (value >= -(1n << 31n) && value < 1n << 31n) {
    const bytes = Buffer.alloc(5)
    bytes[0] = INTEGER
    bytes.writeInt32BE(Number(value), 1)
    return void parts.push(bytes)
  }
  putBig(parts, value)
}

function putBig(parts: Buffer[], value: bigint): void {
  const digits: number[] = []
  for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= 8n) digits.push(Number(rest & 255n))
  const large = digits.length > 255
  const head = Buffer.alloc(large ? 6 : 3)
  head[0] = large ? LARGE_BIG : SMALL_BIG
  head.writeUIntBE(digits.length, 1, large ? 4 : 1)
  head[head.length - 1] = value < 0n ? 1 : 0
  parts.push(head, Buffer.from(digits))
}

function putFloat(parts: Buffer[], value: number): void {
  const bytes = Buffer.alloc(9)
  bytes[0] = NEW_FLOAT
  bytes.writeDoubleBE(value, 1)
  parts.push(bytes)
}
