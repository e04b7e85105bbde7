import { JsonSkipper } from '../../replicator/http/json-skipper.ts'

const OPEN_BRACE = 0x7b
const COLON = 0x3a
const COMMA = 0x2c

interface MemberRange {
  /** Index of the opening quote of the name. */
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

/** Returns the text of a member's value if that is an object; the text may have white space. */
export function objectMember(json: Buffer, name: string): Buffer | undefined {
  const range = rangeOf(json, name)
  return range === undefined ? undefined : json.subarray(range.valueStart, range.end)
}

/** Cuts a member whose value is an object out of an object's text; what is left stands as it was. */
export function withoutObjectMember(json: Buffer, name: string): Buffer {
  const range = rangeOf(json, name)
  if (range === undefined) return json
  let { start, end } = range
  const before = lastVisible(json, start - 1)
  if (json[before] === COMMA) start = before
  else {
    const after = firstVisible(json, end)
    if (json[after] === COMMA) end = after + 1
  }
  return Buffer.concat([json.subarray(0, start), json.subarray(end)])
}

function rangeOf(json: Buffer, name: string): MemberRange | undefined {
  const skipper = new JsonSkipper()
  let nameStart = -1
  let valueStart = -1
  for (let token = skipper.step(json); token !== 'more'; token = skipper.step(json)) {
    const { depth, position, stringStart, stringEnd } = skipper
    if (token === 'string' && depth === 1) {
      const isName = json[firstVisible(json, position)] === COLON
      nameStart = isName && json.toString('utf8', stringStart, stringEnd) === name ? stringStart - 1 : -1
    }
    if (token === 'open' && depth === 2)
      valueStart = nameStart >= 0 && json[position - 1] === OPEN_BRACE ? position - 1 : -1
    if (token === 'close' && depth === 1 && valueStart >= 0)
      return { start: nameStart, valueStart, end: position }
  }
  return undefined
}

function firstVisible(json: Buffer, at: number): number {
  while (at < json.length && (json[at] ?? 0) <= 0x20) at++
  return at
}

function lastVisible(json: Buffer, at: number): number {
  while (at > 0 && (json[at] ?? 0) <= 0x20) at--
  return at
}

/** Returns the index behind the opening brace of an object's text. */
export function objectStart(json: Buffer): number {
  return firstVisible(json, 0) + 1
}
