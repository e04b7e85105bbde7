import {
  type AtomName,
  beginList,
  endList,
  writeAtom,
  writeBigInteger,
  writeBinary,
  writeFloat,
  writeInteger,
  writeTuple,
  writeVersion,
} from './external-term.ts'
import { ByteWriter } from './json/byte-writer.ts'

/**
 * The few Erlang terms that CouchDB hashes to identify a replication, in the external term format
 * (`erlang:term_to_binary/2` with `{minor_version, 1}`, erlang.org "External Term Format").
 */
export type Term =
  | { readonly atom: AtomName }
  | { readonly tuple: readonly Term[] }
  | { readonly list: readonly Term[] }
  | { readonly binary: string }
  | { readonly charlist: string }
  | { readonly integer: bigint }
  | { readonly float: number }

/** Most terms that identify a replication are shorter. */
const CHUNK_BYTES = 1024

/** Returns the term's bytes, with the version byte in front. */
export function termToBinary(term: Term): Buffer {
  const out = new ByteWriter(CHUNK_BYTES)
  writeVersion(out)
  write(out, term)
  return out.take()
}

/**
 * The term that CouchDB's JSON decoder makes of a JSON value: objects are `{[{Key, Value}]}`, strings binaries.
 *
 * A number is an integer when JavaScript sees no fraction in it.
 */
export function jsonTerm(value: unknown): Term {
  if (typeof value === 'string') return { binary: value }
  if (typeof value === 'boolean') return { atom: value ? 'true' : 'false' }
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

function write(out: ByteWriter, term: Term): void {
  if ('atom' in term) writeAtom(out, term.atom)
  else if ('binary' in term) writeText(out, term.binary)
  else if ('charlist' in term) writeCharlist(out, term.charlist)
  else if ('integer' in term) writeAnyInteger(out, term.integer)
  else if ('float' in term) writeFloat(out, term.float)
  else if ('tuple' in term) {
    writeTuple(out, term.tuple.length)
    for (const element of term.tuple) write(out, element)
  } else {
    const position = beginList(out)
    for (const element of term.list) write(out, element)
    endList(out, position, term.list.length)
  }
}

function writeText(out: ByteWriter, text: string): void {
  const bytes = Buffer.from(text)
  writeBinary(out, bytes, 0, bytes.length)
}

/** Writes a list of the text's UTF-8 bytes. */
function writeCharlist(out: ByteWriter, text: string): void {
  const bytes = Buffer.from(text)
  const position = beginList(out)
  for (const byte of bytes) writeInteger(out, byte)
  endList(out, position, bytes.length)
}

function writeAnyInteger(out: ByteWriter, value: bigint): void {
  const number = Number(value)
  if (Number.isSafeInteger(number)) writeInteger(out, number)
  else writeBigInteger(out, value)
}
