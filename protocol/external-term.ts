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
import type { ByteWriter } from './json/byte-writer.ts'

/*
 * Erlang's external term format, as `term_to_binary(Term, [{minor_version, 1}])` writes it in the OTP release that
 * CouchDB 3.5 ships with (erts, "External Term Format"): what revision ids are computed over.
 */

const MAX_SMALL_BIG = 255
const LIST_HEADER = 5
const SHORT = 48

const ATOMS = {
  true: encodeAtom('true'),
  false: encodeAtom('false'),
  null: encodeAtom('null'),
  undefined: encodeAtom('undefined'),
  remote: encodeAtom('remote'),
  default: encodeAtom('default'),
} as const

/** Atoms that occur in hashed terms. */
export type AtomName = keyof typeof ATOMS

export function writeVersion(out: ByteWriter): void {
  out.byte(VERSION)
}

/** Writes an atom. */
export function writeAtom(out: ByteWriter, name: AtomName): void {
  const atom = ATOMS[name]
  out.copy(atom, 0, atom.length)
}

function encodeAtom(name: string): Buffer {
  return Buffer.from([ATOM, 0, name.length, ...Buffer.from(name)])
}

/** A binary: `source[from, to)`. Most of a document are short ones, so this copies them by itself. */
export function writeBinary(out: ByteWriter, source: Buffer, from: number, to: number): void {
  const count = to - from
  out.reserve(5 + count)
  writeHeader(out, BINARY, count)
  if (count >= SHORT) return out.copy(source, from, to)
  const { bytes } = out
  let offset = out.length
  for (let i = from; i < to; i++) bytes[offset++] = source[i]!
  out.length = offset
}

/** @param value an integer within ±2^53 */
export function writeInteger(out: ByteWriter, value: number): void {
  out.reserve(11)
  if (value >= 0 && value <= 255) {
    out.bytes[out.length++] = SMALL_INTEGER
    out.bytes[out.length++] = value
  } else if ((value | 0) === value) {
    writeHeader(out, INTEGER, value)
  } else {
    writeSafeBig(out, value)
  }
}

function writeSafeBig(out: ByteWriter, value: number): void {
  const { bytes } = out
  bytes[out.length] = SMALL_BIG
  bytes[out.length + 2] = value < 0 ? 1 : 0
  let offset = out.length + 3
  for (let rest = Math.abs(value); rest > 0; rest = Math.floor(rest / 256)) bytes[offset++] = rest % 256
  bytes[out.length + 1] = offset - out.length - 3
  out.length = offset
}

/** An integer that a JavaScript number cannot hold. */
export function writeBigInteger(out: ByteWriter, value: bigint): void {
  const hex = (value < 0n ? -value : value).toString(16)
  const magnitude = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').reverse()
  out.reserve(5)
  if (magnitude.length <= MAX_SMALL_BIG) {
    out.bytes[out.length++] = SMALL_BIG
    out.bytes[out.length++] = magnitude.length
  } else {
    writeHeader(out, LARGE_BIG, magnitude.length)
  }
  out.byte(value < 0n ? 1 : 0)
  out.copy(magnitude, 0, magnitude.length)
}

export function writeFloat(out: ByteWriter, value: number): void {
  out.reserve(9)
  out.bytes[out.length] = NEW_FLOAT
  out.bytes.writeDoubleBE(value, out.length + 1)
  out.length += 9
}

/** @param arity of the tuple; its elements follow */
export function writeTuple(out: ByteWriter, arity: number): void {
  out.reserve(2)
  out.bytes[out.length++] = SMALL_TUPLE
  out.bytes[out.length++] = arity
}

/** Begins a list whose length is not known yet; returns the position that `endList` wants. */
export function beginList(out: ByteWriter): number {
  out.reserve(LIST_HEADER)
  const position = out.position
  out.length += LIST_HEADER
  return position
}

/** Ends the list begun at `position`, of `count` elements. Erlang writes a list of bytes as a string. */
export function endList(out: ByteWriter, position: number, count: number): void {
  const start = out.start + position
  if (count === 0) {
    out.length = start
    out.byte(NIL)
  } else if (count <= MAX_STRING && isByteList(out, start, count)) {
    packByteList(out.bytes, start, count)
    out.length = start + 3 + count
  } else {
    out.bytes[start] = LIST
    out.bytes.writeUInt32BE(count, start + 1)
    out.byte(NIL)
  }
}

/** Returns whether every element is a SMALL_INTEGER. As each has two bytes, the position of the next tag is known. */
function isByteList(out: ByteWriter, start: number, count: number): boolean {
  const end = start + LIST_HEADER + 2 * count
  if (end !== out.length) return false
  for (let offset = start + LIST_HEADER; offset < end; offset += 2)
    if (out.bytes[offset] !== SMALL_INTEGER) return false
  return true
}

function packByteList(bytes: Buffer, start: number, count: number): void {
  const first = start + LIST_HEADER + 1
  for (let i = 0; i < count; i++) bytes[start + 3 + i] = bytes[first + 2 * i]!
  bytes[start] = STRING
  bytes.writeUInt16BE(count, start + 1)
}

function writeHeader(out: ByteWriter, tag: number, value: number): void {
  const { bytes } = out
  const offset = out.length
  bytes[offset] = tag
  bytes[offset + 1] = value >>> 24
  bytes[offset + 2] = value >>> 16
  bytes[offset + 3] = value >>> 8
  bytes[offset + 4] = value
  out.length = offset + 5
}
