import {
  QUOTE,
  BACKSLASH,
  COMMA,
  OPEN_BRACKET,
  CLOSE_BRACKET,
  OPEN_BRACE,
  CLOSE_BRACE,
} from './characters.ts'
import { skipString, skipValue } from './skip.ts'

/** Number of names of one length up to which they are compared one by one; more are looked up. */
const FEW = 8

/** The paths to locate in a value, as a tree. */
interface Wanted {
  /** The place of the path that ends here, -1 for none. */
  path: number
  readonly members: Map<string, Wanted>
  /** The members by the length of their names, as they stand in JSON. */
  readonly byLength: Map<number, { readonly name: Uint8Array; readonly wanted: Wanted }[]>
}

/**
 * Finds values by their paths in JSON text without parsing the rest. Numbers in a path are indexes where they meet an
 * array. The text must be as `canonicalJson` gives it.
 */
export class FieldLocator {
  /** Start of each path's value after `locate`; -1 without one. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly #root: Wanted = newWanted()
  #left = 0
  readonly #distinct: number
  readonly #same: number[] = []

  constructor(paths: readonly (readonly string[])[]) {
    this.starts = new Int32Array(paths.length)
    this.ends = new Int32Array(paths.length)
    let distinct = 0
    for (const [index, path] of paths.entries()) {
      const wanted = path.reduce(member, this.#root)
      if (wanted.path < 0) {
        wanted.path = index
        distinct++
      }
      this.#same.push(wanted.path)
    }
    this.#distinct = distinct
  }

  /** @param from where the object begins in the text */
  locate(json: Uint8Array, from = 0): void {
    this.starts.fill(-1)
    this.#left = this.#distinct
    this.#object(json, from, this.#root)
    for (const [index, first] of this.#same.entries()) {
      this.starts[index] = this.starts[first] as number
      this.ends[index] = this.ends[first] as number
    }
  }

  /** Returns the end of the value, or any position within it once all paths are found. */
  #value(json: Uint8Array, offset: number, wanted: Wanted): number {
    const first = json[offset]
    let end = -1
    if (wanted.members.size > 0) {
      if (first === OPEN_BRACE) end = this.#object(json, offset, wanted)
      else if (first === OPEN_BRACKET) end = this.#array(json, offset, wanted)
    }
    if (wanted.path >= 0) {
      // The end of an object that was left early is not known.
      end = skipValue(json, offset)
      this.starts[wanted.path] = offset
      this.ends[wanted.path] = end
      this.#left--
    }
    return end < 0 ? skipValue(json, offset) : end
  }

  #object(json: Uint8Array, from: number, wanted: Wanted): number {
    let offset = from + 1
    while (json[offset] === QUOTE) {
      const nameEnd = skipString(json, offset)
      const found = named(json, offset + 1, nameEnd - 1, wanted)
      offset = nameEnd + 1
      offset = found === undefined ? skipValue(json, offset) : this.#value(json, offset, found)
      if (this.#left === 0) return offset
      if (json[offset] === COMMA) offset++
    }
    return json[offset] === CLOSE_BRACE ? offset + 1 : offset
  }

  #array(json: Uint8Array, from: number, wanted: Wanted): number {
    let offset = from + 1
    for (let index = 0; json[offset] !== CLOSE_BRACKET && offset < json.length; index++) {
      const found = wanted.members.get(String(index))
      offset = found === undefined ? skipValue(json, offset) : this.#value(json, offset, found)
      if (this.#left === 0) return offset
      if (json[offset] === COMMA) offset++
    }
    return offset + 1
  }
}

function newWanted(): Wanted {
  return { path: -1, members: new Map(), byLength: new Map() }
}

function member(wanted: Wanted, name: string): Wanted {
  const known = wanted.members.get(name)
  if (known !== undefined) return known
  const made = newWanted()
  wanted.members.set(name, made)
  const text = Buffer.from(JSON.stringify(name)).subarray(1, -1)
  const alike = wanted.byLength.get(text.length)
  if (alike === undefined) wanted.byLength.set(text.length, [{ name: text, wanted: made }])
  else alike.push({ name: text, wanted: made })
  return made
}

function named(
  json: Uint8Array,
  from: number,
  end: number,
  { members, byLength }: Wanted,
): Wanted | undefined {
  const alike = byLength.get(end - from)
  const isShort = alike === undefined || alike.length <= FEW
  if (alike !== undefined && isShort) {
    for (const { name, wanted } of alike) if (isSame(json, from, name)) return wanted
  }
  // The same name can be written with other escapes.
  if (isShort && !hasEscape(json, from, end)) return undefined
  const text = Buffer.from(json.buffer, json.byteOffset + from - 1, end - from + 2).toString()
  return members.get(JSON.parse(text) as string)
}

function hasEscape(json: Uint8Array, from: number, end: number): boolean {
  for (let offset = from; offset < end; offset++) if (json[offset] === BACKSLASH) return true
  return false
}

function isSame(json: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (json[from + i] !== name[i]) return false
  return true
}
