import { CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET } from '../json/characters.ts'
import { jsonMembers } from '../json/members.ts'
import { skipValue } from '../json/skip.ts'
import { compareBytes } from '../collation/raw.ts'

/** Canonical JSON text of a value: numbers and strings stay as they were written. */
export type JsonText = Buffer

export function isObjectText(json: JsonText): boolean {
  return json[0] === OPEN_BRACE
}

export function isArrayText(json: JsonText): boolean {
  return json[0] === OPEN_BRACKET
}

/** Returns the members of an object by name; none for what is no object. */
export function membersOf(json: JsonText): ReadonlyMap<string, JsonText> {
  return new Map(isObjectText(json) ? jsonMembers(json) : [])
}

/** Returns the elements of an array. */
export function elementsOf(json: JsonText): JsonText[] {
  const elements: JsonText[] = []
  for (let at = 1; json[at] !== CLOSE_BRACKET && at < json.length;) {
    const end = skipValue(json, at)
    elements.push(json.subarray(at, end))
    at = json[end] === CLOSE_BRACKET ? end : end + 1
  }
  return elements
}

/** Makes an object of members, in the order of their names, so that its text does not depend on the order given. */
export function objectText(members: ReadonlyMap<string, JsonText>): JsonText {
  const parts = [...members]
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([name, value]) => Buffer.concat([Buffer.from(`${JSON.stringify(name)}:`), value]))
  return joined('{', parts, '}')
}

export function arrayText(elements: readonly JsonText[]): JsonText {
  return joined('[', elements, ']')
}

function joined(open: string, parts: readonly Buffer[], close: string): Buffer {
  const pieces: Buffer[] = [Buffer.from(open)]
  for (const [index, part] of parts.entries()) pieces.push(...(index === 0 ? [part] : [SEPARATOR, part]))
  return Buffer.concat([...pieces, Buffer.from(close)])
}

const SEPARATOR = Buffer.from(',')

/** Returns the value at a path of member names; undefined where there is none. */
export function valueAt(json: JsonText, path: readonly string[]): JsonText | undefined {
  let value: JsonText | undefined = json
  for (const name of path) {
    if (value === undefined) return undefined
    value = membersOf(value).get(name)
  }
  return value
}
