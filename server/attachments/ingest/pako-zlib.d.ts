/** pako's port of zlib below its classes, which make new tables of some hundred kilobytes for each use. */
declare module 'pako/lib/zlib/zstream.js' {
  export default class ZStream {
    input: Uint8Array | null
    next_in: number
    avail_in: number
    output: Uint8Array | null
    next_out: number
    avail_out: number
    /** Position of the newest string of each hash. */
    readonly state: { head: Uint16Array }
  }
}

declare module 'pako/lib/zlib/deflate.js' {
  import type ZStream from 'pako/lib/zlib/zstream.js'

  const zlib: {
    /** @param legacyHash whether strings are hashed as zlib does it; otherwise as Node.js does */
    deflateInit2(
      stream: ZStream,
      level: number,
      method: number,
      windowBits: number,
      memLevel: number,
      strategy: number,
      legacyHash: boolean,
    ): number
    deflateReset(stream: ZStream): number
    deflate(stream: ZStream, flush: number): number
  }
  export default zlib
}
