import { STEP_BYTES, type Steps } from '../steps.ts'
import { shortStringEnd, skipStringInSteps } from './skip.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

type Range = [start: number, end: number]

/** An open container; of arrays `members` is undefined. */
interface Frame {
  readonly members: Members | undefined
  /** The member that is being read, up to the comma behind it. */
  current: Range | undefined
}

/**
 * The JSON without the members that a later one of the same name replaces: CouchDB keeps the last value, in the last
 * place. The input itself if there are none.
 *
 * @param json valid JSON
 */
export function* withoutDuplicates(json: Buffer): Steps<Buffer> {
  const ranges = yield* replacedMembers(json)
  if (ranges.length === 0) return json
  ranges.sort((a, b) => a[0] - b[0])
  yield
  return yield* cut(json, ranges)
}

/** The text without some ranges, which may lie within each other. @param ranges in order of their starts */
function* cut(json: Buffer, ranges: readonly Range[]): Steps<Buffer> {
  const kept = Buffer.allocUnsafe(json.length)
  let length = 0
  let from = 0
  for (const [index, [start, end]] of ranges.entries()) {
    if (start > from) length += json.copy(kept, length, from, start)
    from = Math.max(from, end)
    if (index % RANGES_IN_STEP === 0) yield
  }
  length += json.copy(kept, length, from)
  return kept.subarray(0, length)
}

const RANGES_IN_STEP = 4096

function* replacedMembers(json: Buffer): Steps<Range[]> {
  const replaced: Range[] = []
  const frames: Frame[] = []
  let frame: Frame | undefined
  let pauseAt = STEP_BYTES
  for (let offset = 0; offset < json.length; offset++) {
    const byte = json[offset]
    if (byte === QUOTE) {
      const end = shortStringEnd(json, offset) || (yield* skipStringInSteps(json, offset))
      if (frame?.members !== undefined && frame.current === undefined)
        startMember(frame, json, offset, end, replaced)
      offset = end - 1
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      frame = { members: byte === OPEN_OBJECT ? new Members() : undefined, current: undefined }
      frames.push(frame)
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      frames.pop()
      frame = frames.at(-1)
    } else if (byte === COMMA && frame?.current !== undefined) {
      frame.current[1] = offset + 1
      frame.current = undefined
    }
    if (offset >= pauseAt) {
      yield
      pauseAt = offset + STEP_BYTES
    }
  }
  return replaced
}

function startMember(frame: Frame, json: Buffer, start: number, end: number, replaced: Range[]): void {
  const name = JSON.parse(json.toString('utf8', start, end)) as string
  const earlier = frame.members!.get(name)
  if (earlier !== undefined) replaced.push(earlier)
  frame.current = [start, start]
  frame.members!.set(name, frame.current)
}

const SHARDS = 256
const FEW = 1024

/** The members of an object. A map of a million takes long each time that it grows: those of large objects are many. */
class Members {
  readonly #few = new Map<string, Range>()
  #shards: readonly Map<string, Range>[] | undefined

  get(name: string): Range | undefined {
    return this.#few.get(name) ?? this.#shardOf(name)?.get(name)
  }

  set(name: string, range: Range): void {
    if (this.#few.size < FEW || this.#few.has(name)) this.#few.set(name, range)
    else {
      this.#shards ??= Array.from({ length: SHARDS }, () => new Map<string, Range>())
      this.#shardOf(name)!.set(name, range)
    }
  }

  #shardOf(name: string): Map<string, Range> | undefined {
    if (this.#shards === undefined) return undefined
    let sum = name.length
    for (let at = Math.max(0, name.length - 8); at < name.length; at++)
      sum = (31 * sum + name.charCodeAt(at)) | 0
    return this.#shards[sum & (SHARDS - 1)]
  }
}
