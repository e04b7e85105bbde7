import { STEP_BYTES, type Steps } from '../steps.ts'
import { OPEN_BRACE, OPEN_BRACKET } from './characters.ts'
import { decodeValue } from './decode-value.ts'
import { skipString, skipValue } from './skip.ts'

/** Containers in containers that are taken apart; deeper ones are parsed whole. Each level is one more pass. */
const MAX_LEVELS = 4

/**
 * The value of a JSON text, as `JSON.parse` gives it. Long arrays and objects are parsed some kilobytes at a time.
 *
 * @param json canonical JSON: without white space
 */
export function* decodeInSteps(json: Buffer, levels = MAX_LEVELS): Steps<unknown> {
  const first = json[0]
  if (json.length <= STEP_BYTES || levels === 0 || (first !== OPEN_BRACE && first !== OPEN_BRACKET))
    return decodeValue(json.toString())
  yield
  return first === OPEN_BRACKET ? yield* decodeArray(json, levels) : yield* decodeObject(json, levels)
}

function* decodeArray(json: Buffer, levels: number): Steps<unknown[]> {
  const elements: unknown[] = []
  for (const { from, to, isLarge } of runsOf(json, skipValue)) {
    const text = json.subarray(from, to)
    if (isLarge) elements.push(yield* decodeInSteps(text, levels - 1))
    else for (const element of JSON.parse(`[${text.toString()}]`) as unknown[]) elements.push(element)
    yield
  }
  return elements
}

function* decodeObject(json: Buffer, levels: number): Steps<Record<string, unknown>> {
  const members: Record<string, unknown> = {}
  for (const some of membersOf(json, levels)) {
    if (some !== undefined) for (const [name, value] of some) setOwn(members, name, value)
    yield
  }
  return members
}

/**
 * The members of a JSON object, in about their order. Half a million of them take a second to become an object.
 *
 * @param json canonical JSON: without white space
 */
export function* decodeMembersInSteps(json: Buffer): Steps<(readonly [name: string, value: unknown])[]> {
  const members: (readonly [string, unknown])[] = []
  for (const some of membersOf(json, MAX_LEVELS)) {
    if (some !== undefined) for (const member of some) members.push(member)
    yield
  }
  return members
}

/** Some members at a time; undefined for a step within a large one. */
function* membersOf(
  json: Buffer,
  levels: number,
): Generator<(readonly [name: string, value: unknown])[] | undefined> {
  for (const { from, to, isLarge } of runsOf(json, skipMember)) {
    if (!isLarge) {
      yield Object.entries(JSON.parse(`{${json.toString('utf8', from, to)}}`) as Record<string, unknown>)
      continue
    }
    const colon = skipString(json, from)
    const name = JSON.parse(json.toString('utf8', from, colon)) as string
    yield [[name, yield* decodeInSteps(json.subarray(colon + 1, to), levels - 1)]]
  }
}

/** `__proto__` becomes a property like any other. */
function setOwn(members: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') members[name] = value
  else Object.defineProperty(members, name, { value, writable: true, enumerable: true, configurable: true })
}

/** Elements or members side by side, without the commas around them: one large one, or some small ones. */
interface Run {
  readonly from: number
  readonly to: number
  readonly isLarge: boolean
}

function* runsOf(json: Buffer, skip: (json: Buffer, offset: number) => number): Generator<Run> {
  const end = json.length - 1
  let from = 1
  for (let start = from; start < end;) {
    const next = skip(json, start)
    const isLarge = next - start > STEP_BYTES
    if (isLarge && start > from) yield { from, to: start - 1, isLarge: false }
    if (isLarge) yield { from: start, to: next, isLarge }
    else if (next - from > STEP_BYTES || next === end) yield { from, to: next, isLarge: false }
    else {
      start = next + 1
      continue
    }
    from = start = next + 1
  }
}

function skipMember(json: Buffer, offset: number): number {
  return skipValue(json, skipString(json, offset) + 1)
}
