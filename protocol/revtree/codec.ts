import { bufferOf } from '../bytes.ts'
import { DELETED, isHexHash, ROOT, RevTree } from './tree.ts'

/**
 * A tree as bytes. Numbers are LEB128 varints.
 *
 *     rows * 2 + (1 when some hash is a text)
 *     each row:   tag    bits 0-1  0: a child of the row above; 1: a root; 2: neither
 *                        bit 2     deleted
 *                        bit 3     a body number follows
 *                 for a root its generation, zigzag; for "neither" by how much its generation is less than that of the
 *                 row above
 *                 body number
 *     hashes:     of all rows, 16 bytes each; or, when some are texts, each as length and bytes, 16 being a hash
 *                 of 32 hex digits
 *
 * The columns are apart so that the hashes of a long history are read and written in one call.
 */
export function encodeTree(tree: RevTree): Uint8Array {
  return encodeHex(tree) ?? encodeTexts(tree)
}

/** Encodes all hashes in 16 bytes each; undefined if one of them is other text. */
function encodeHex(tree: RevTree): Uint8Array | undefined {
  const { hashes } = tree
  for (const hash of hashes) if (hash.length !== 32) return undefined
  const head = hashes.length * 2
  const size = hashes.length * 16
  const out = Buffer.allocUnsafe(sizeOfVarint(head) + sizeOfRows(tree) + size)
  const offset = writeRows(out, writeVarint(out, 0, head), tree)
  // Writing stops at what is no hex digit: that tells a text of 32 characters, cheaper than looking at each hash.
  const written = out.write(hashes.length === 1 ? hashes[0]! : hashes.join(''), offset, 'hex')
  return written === size ? out : undefined
}

function encodeTexts(tree: RevTree): Uint8Array {
  const { hashes } = tree
  const head = hashes.length * 2 + 1
  const out = Buffer.allocUnsafe(sizeOfVarint(head) + sizeOfRows(tree) + sizeOfTexts(hashes))
  writeTexts(out, writeRows(out, writeVarint(out, 0, head), tree), hashes)
  return out
}

const CHILD = 0
const NEW_ROOT = 1
const HIGHER = 2
const KIND = 3
const TAG_DELETED = 4
const TAG_BODY = 8

function kindOf(tree: RevTree, row: number): number {
  if ((tree.flags[row]! & ROOT) !== 0) return NEW_ROOT
  return tree.generations[row] === tree.generations[row - 1]! + 1 ? CHILD : HIGHER
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

function sizeOfRows(tree: RevTree): number {
  const { generations, bodies } = tree
  let size = bodies.length
  for (let row = 0; row < bodies.length; row++) {
    const kind = kindOf(tree, row)
    if (kind === NEW_ROOT) size += sizeOfVarint(zigzag(generations[row]!))
    else if (kind === HIGHER) size += sizeOfVarint(generations[row - 1]! - generations[row]!)
    if (bodies[row] !== 0) size += sizeOfVarint(bodies[row]!)
  }
  return size
}

function writeRows(out: Buffer, start: number, tree: RevTree): number {
  const { generations, flags, bodies } = tree
  let offset = start
  for (let row = 0; row < bodies.length; row++) {
    const kind = kindOf(tree, row)
    const deleted = (flags[row]! & DELETED) === 0 ? 0 : TAG_DELETED
    out[offset++] = kind | deleted | (bodies[row] === 0 ? 0 : TAG_BODY)
    if (kind === NEW_ROOT) offset = writeVarint(out, offset, zigzag(generations[row]!))
    else if (kind === HIGHER) offset = writeVarint(out, offset, generations[row - 1]! - generations[row]!)
    if (bodies[row] !== 0) offset = writeVarint(out, offset, bodies[row]!)
  }
  return offset
}

function hashSize(hash: string): number {
  return isHexHash(hash) ? 16 : Buffer.byteLength(hash)
}

function sizeOfTexts(hashes: readonly string[]): number {
  return hashes.reduce((sum, hash) => sum + sizeOfVarint(hashSize(hash)) + hashSize(hash), 0)
}

function writeTexts(out: Buffer, start: number, hashes: readonly string[]): void {
  let offset = start
  for (const hash of hashes) {
    offset = writeVarint(out, offset, hashSize(hash))
    offset += out.write(hash, offset, isHexHash(hash) ? 'hex' : 'utf8')
  }
}

/**
 * Reads what `encodeTree` wrote, from an offset to the end of the bytes.
 *
 * @throws {RangeError} where the bytes end within the tree
 */
export function decodeTree(bytes: Uint8Array, offset = 0): RevTree {
  const reader: Reader = { bytes: bufferOf(bytes), at: offset }
  const head = readVarint(reader)
  const rows = Math.floor(head / 2)
  // Each takes a byte at least.
  if (rows > reader.bytes.length - reader.at) throw endsEarly()
  const generations: number[] = []
  const flags: number[] = []
  const bodies: number[] = []
  let generation = 0
  for (let row = 0; row < rows; row++) {
    const tag = reader.bytes[reader.at++]!
    const kind = tag & KIND
    if (kind === CHILD) generation++
    else if (kind === NEW_ROOT) generation = unzigzag(readVarint(reader))
    else generation -= readVarint(reader)
    generations.push(generation)
    flags.push((kind === NEW_ROOT ? ROOT : 0) | ((tag & TAG_DELETED) === 0 ? 0 : DELETED))
    bodies.push((tag & TAG_BODY) === 0 ? 0 : readVarint(reader))
  }
  const hashes = head % 2 === 0 ? readHashes(reader, rows) : readTexts(reader, rows)
  return new RevTree(generations, hashes, flags, bodies)
}

function endsEarly(): RangeError {
  return new RangeError('the bytes of a revision tree end early')
}

interface Reader {
  readonly bytes: Buffer
  at: number
}

function readHashes(reader: Reader, rows: number): string[] {
  const hex = reader.bytes.toString('hex', reader.at, reader.at + rows * 16)
  if (rows === 1) return [hex]
  const hashes: string[] = []
  for (let offset = 0; offset < hex.length; offset += 32) hashes.push(hex.slice(offset, offset + 32))
  return hashes
}

function readTexts(reader: Reader, rows: number): string[] {
  const hashes: string[] = []
  for (let row = 0; row < rows; row++) {
    const size = readVarint(reader)
    const end = reader.at + size
    hashes.push(reader.bytes.toString(size === 16 ? 'hex' : 'utf8', reader.at, end))
    reader.at = end
  }
  return hashes
}

function sizeOfVarint(value: number): number {
  let size = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++
  return size
}

/** Division rather than shifts: generations and body numbers exceed 32 bits. */
function writeVarint(out: Buffer, start: number, value: number): number {
  let offset = start
  let rest = value
  while (rest >= 128) {
    out[offset++] = 128 + (rest % 128)
    rest = Math.floor(rest / 128)
  }
  out[offset++] = rest
  return offset
}

function readVarint(reader: Reader): number {
  let value = 0
  let scale = 1
  for (;;) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) throw endsEarly()
    if (byte < 128) return value + byte * scale
    value += (byte - 128) * scale
    scale *= 128
  }
}
