import fc from 'fast-check'

/** Connection preface: the first bytes of an HTTP/2 client (RFC 9113, section 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Types of frames (RFC 9113, section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const END_STREAM = 1
export const END_HEADERS = 4

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
  /** Length that its head tells; default: the payload's. */
  readonly length?: number | undefined
}

export function encodeFrame({ type, flags, stream, payload, length = payload.length }: Frame): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream >>> 0, 5)
  return Buffer.concat([head, payload])
}

/** Returns the bytes of a connection: the preface, settings, and frames. */
export function connectionBytes(frames: readonly Frame[]): Buffer {
  const settings: Frame = { type: FRAME.settings, flags: 0, stream: 0, payload: Buffer.alloc(0) }
  return Buffer.concat([PREFACE, ...[settings, ...frames].map(encodeFrame)])
}

/** Encodes headers without compression: literals that are not indexed (RFC 7541, section 6.2.2). */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer[] => {
    const bytes = Buffer.from(value, 'latin1')
    return [integer(bytes.length), bytes]
  }
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.of(0), ...text(name), ...text(value)]),
  )
}

/** An integer with a prefix of 7 bits (RFC 7541, section 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value)
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

/** Returns the frames of a request on a stream. */
export function requestFrames(
  stream: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Frame[] {
  const block = encodeHeaders({ ':scheme': 'https', ':authority': 'x', ...headers })
  const [flags, end] = body.length === 0 ? [END_HEADERS | END_STREAM, []] : [END_HEADERS, [body]]
  return [
    { type: FRAME.headers, flags, stream, payload: block },
    ...end.map(payload => ({ type: FRAME.data, flags: END_STREAM, stream, payload })),
  ]
}

/** Frames of any type, flags, stream and payload, with lengths that are sometimes wrong. */
export const anyFrame: fc.Arbitrary<Frame> = fc.record({
  type: fc.integer({ min: 0, max: 12 }),
  flags: fc.constantFrom(0, END_STREAM, END_HEADERS, END_STREAM | END_HEADERS, 8, 32, 255),
  stream: fc.constantFrom(0, 1, 2, 3, 5, 7, 2 ** 31 - 1, 2 ** 31),
  payload: fc.uint8Array({ maxLength: 64 }).map(bytes => Buffer.from(bytes)),
  length: fc.option(fc.constantFrom(0, 1, 5, 16_384, 16_385, 2 ** 24 - 1), { freq: 8, nil: undefined }),
})
