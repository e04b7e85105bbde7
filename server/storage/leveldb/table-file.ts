import { type FileHandle, open } from 'node:fs/promises'
import { ByteReader } from './byte-reader.ts'
import { crc32c, maskCrc } from './crc32c.ts'
import { type TableKeys, withoutVersion } from './manifest.ts'
import { uncompressed } from './snappy.ts'

/** Keys of records that may be lost: above `above`, or from the first on, and up to `upTo`. */
export interface LostKeys {
  readonly above?: Uint8Array
  readonly from?: Uint8Array
  readonly upTo: Uint8Array
}

/** Place of a block in the file, without its trailer. */
interface Handle {
  readonly offset: number
  readonly size: number
}

const FOOTER_BYTES = 48
const MAGIC = 0xdb4775248b80fb57n
/** Kind of compression (1) and checksum (4) behind each block. */
const TRAILER_BYTES = 5
const SNAPPY = 1

/** Bytes of blocks that are read together. */
const READ_BYTES = 1024 * 1024

/** An open table; it never changes its size. */
interface TableFile {
  readonly handle: FileHandle
  readonly size: number
}

class DamagedBlock extends Error {}

/**
 * Verifies the checksums of all blocks of a table. LevelDB has them, and does not look at them when it reads: of what it makes of changed
 * bytes, rows can be missing without an error (LevelDB: doc/table_format.md, table/format.cc).
 *
 * @param keys the first and last key of the table
 * @param paused called after each megabyte or so; resolves when reading may go on
 * @returns the ranges of keys that lie in damaged blocks, or all keys where the table's own index or filter is damaged
 * @throws an error of the file system
 */
export async function lostKeysOf(
  path: string,
  keys: TableKeys,
  paused: () => Promise<void> = () => Promise.resolve(),
): Promise<LostKeys[]> {
  const handle = await open(path)
  try {
    const file = { handle, size: (await handle.stat()).size }
    return await damagedAmong(file, await blocksOf(file), paused)
  } catch (error) {
    if (error instanceof DamagedBlock || error instanceof RangeError)
      return [{ from: keys.first, upTo: keys.last }]
    throw error
  } finally {
    await handle.close()
  }
}

interface DataBlock extends Handle {
  /** No key of the block is greater. */
  readonly last: Uint8Array
}

/** Reads the index of a table, and verifies what else is needed to find keys. @throws DamagedBlock, RangeError */
async function blocksOf(file: TableFile): Promise<DataBlock[]> {
  const footer = await bytesAt(file, file.size - FOOTER_BYTES, FOOTER_BYTES)
  if (footer.readBigUInt64LE(FOOTER_BYTES - 8) !== MAGIC) throw new DamagedBlock('this is no table')
  const reader = new ByteReader(footer)
  const metaIndex = handleOf(reader)
  const index = handleOf(reader)
  for (const { value } of entriesOf(await readBlock(file, metaIndex)))
    await readBlock(file, handleOf(new ByteReader(value)))
  return entriesOf(await readBlock(file, index)).map(({ key, value }) => ({
    ...handleOf(new ByteReader(value)),
    last: withoutVersion(key),
  }))
}

async function damagedAmong(
  file: TableFile,
  blocks: readonly DataBlock[],
  paused: () => Promise<void>,
): Promise<LostKeys[]> {
  const lost: LostKeys[] = []
  for (let next = 0; next < blocks.length;) {
    const group = groupFrom(blocks, next)
    const { offset: start } = group[0]!
    const end = group.at(-1)!
    const bytes = await bytesAt(file, start, end.offset + end.size + TRAILER_BYTES - start)
    for (const [at, { offset, size, last }] of group.entries()) {
      if (isWhole(bytes, offset - start, size)) continue
      const before = blocks[next + at - 1]?.last
      lost.push(
        before === undefined ? { from: new Uint8Array(0), upTo: last } : { above: before, upTo: last },
      )
    }
    next += group.length
    await paused()
  }
  return lost
}

/** Returns the blocks from an index on that are read together. @throws DamagedBlock where they do not follow each other */
function groupFrom(blocks: readonly DataBlock[], first: number): DataBlock[] {
  const group: DataBlock[] = []
  let bytes = 0
  for (const block of blocks.slice(first, first + READ_BYTES / TRAILER_BYTES)) {
    const before = group.at(-1)
    if (before !== undefined && block.offset !== before.offset + before.size + TRAILER_BYTES)
      throw new DamagedBlock('the index has a gap')
    bytes += block.size + TRAILER_BYTES
    if (group.length > 0 && bytes > READ_BYTES) break
    group.push(block)
  }
  return group
}

/** Reads the content of a block. @throws DamagedBlock */
async function readBlock(file: TableFile, { offset, size }: Handle): Promise<Uint8Array> {
  const bytes = await bytesAt(file, offset, size + TRAILER_BYTES)
  if (!isWhole(bytes, 0, size)) throw new DamagedBlock('a block is changed')
  const content = bytes.subarray(0, size)
  return bytes[size] === SNAPPY ? uncompressed(content) : content
}

function isWhole(bytes: Buffer, start: number, size: number): boolean {
  const end = start + size + 1
  return maskCrc(crc32c(bytes, start, end)) === bytes.readUInt32LE(end)
}

/** Returns the entries of a block of an index; the keys of one have what they share with the one before left out. */
function entriesOf(block: Uint8Array): { readonly key: Uint8Array; readonly value: Uint8Array }[] {
  const { buffer, byteOffset, byteLength } = block
  const restarts = new DataView(buffer, byteOffset, byteLength).getUint32(byteLength - 4, true)
  const reader = new ByteReader(block.subarray(0, byteLength - 4 * (restarts + 1)))
  const entries: { key: Uint8Array; value: Uint8Array }[] = []
  let key = Buffer.alloc(0)
  while (!reader.atEnd) {
    const shared = reader.varint()
    const own = reader.varint()
    const length = reader.varint()
    key = Buffer.concat([key.subarray(0, shared), reader.take(own)])
    entries.push({ key, value: reader.take(length) })
  }
  return entries
}

function handleOf(reader: ByteReader): Handle {
  return { offset: reader.varint(), size: reader.varint() }
}

/** @throws DamagedBlock where the file has fewer */
async function bytesAt({ handle, size }: TableFile, offset: number, length: number): Promise<Buffer> {
  if (offset < 0 || length < 0 || offset + length > size) throw new DamagedBlock('the file ends too early')
  const bytes = Buffer.allocUnsafe(length)
  const { bytesRead } = await handle.read(bytes, 0, length, offset)
  if (bytesRead < length) throw new DamagedBlock('the file ends too early')
  return bytes
}
