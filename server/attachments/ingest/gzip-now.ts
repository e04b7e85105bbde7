import { constants } from 'node:zlib'
import deflate from 'pako/lib/zlib/deflate.js'
import ZStream from 'pako/lib/zlib/zstream.js'

const DEFLATED = 8
/** A window of 32 KiB, and 16 for a header of gzip. */
const GZIP_WINDOW_BITS = 15 + 16
const MEMORY_LEVEL = 8

/** Bytes that deflate adds at most to what it cannot compress (zlib: deflateBound), with gzip's header and trailer. */
const OVERHEAD_BYTES = 64

const NO_CHAINS = new Uint16Array(0)

/** A stream for each level, used again: its tables are larger than what is compressed here. */
const streams = new Map<number, ZStream>()

/**
 * Compresses bytes at once as CouchDB does: the same bytes as {@link IngestJob} makes of them piece by piece.
 *
 * @param level zlib's, 1 to 9
 */
export function gzipNow(bytes: Uint8Array, level: number): Buffer {
  const stream = streamOf(level)
  const output = Buffer.allocUnsafe(bytes.length + (bytes.length >> 11) + OVERHEAD_BYTES)
  stream.input = bytes
  stream.next_in = 0
  stream.avail_in = bytes.length
  stream.output = output
  stream.next_out = 0
  stream.avail_out = output.length
  const status = deflate.deflate(stream, constants.Z_FINISH)
  stream.input = stream.output = null
  if (status !== constants.Z_STREAM_END) {
    streams.delete(level)
    throw new Error(`deflate ended with ${status}`)
  }
  return output.subarray(0, stream.next_out)
}

/** pako empties the table of hash chains number by number, which takes as long as compressing a kilobyte. */
function reset(stream: ZStream): ZStream {
  const { state } = stream
  const { head } = state
  state.head = NO_CHAINS
  deflate.deflateReset(stream)
  state.head = head.fill(0)
  return stream
}

function streamOf(level: number): ZStream {
  const known = streams.get(level)
  if (known !== undefined) return reset(known)
  const stream = new ZStream()
  const status = deflate.deflateInit2(
    stream,
    level,
    DEFLATED,
    GZIP_WINDOW_BITS,
    MEMORY_LEVEL,
    constants.Z_DEFAULT_STRATEGY,
    true,
  )
  if (status !== constants.Z_OK) throw new Error(`deflateInit2 ended with ${status}`)
  streams.set(level, stream)
  return stream
}
