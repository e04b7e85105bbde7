import { STEP_BYTES, type Steps } from '../steps.ts'
import { ExactParser, textOfBytes } from './exact-parser.ts'
import type { ExactObject, ExactValue } from './exact-value.ts'

/** An open array, or an object with the name of the member that is read. */
type Container = { readonly array: ExactValue[] } | { readonly members: ExactObject; name: string }

/** Parses as `parseExact` does, with pauses: for long texts. @throws BadEvent `invalid_json` */
export function* parseExactInSteps(json: Uint8Array): Steps<ExactValue> {
  const parser = new SteppedParser(textOfBytes(json))
  yield
  while (!parser.run()) yield
  parser.end()
  return parser.result
}

class SteppedParser extends ExactParser {
  readonly #open: Container[] = []
  result: ExactValue = null

  /** Reads on for `STEP_BYTES`, or to the end of a scalar behind them; false where there is more. */
  run(): boolean {
    const stop = this.position + STEP_BYTES
    while (this.position < stop) {
      const value = this.#scalarOrOpen()
      if (value !== undefined && this.#add(value)) return true
    }
    return false
  }

  /** Reads a scalar or an empty container; undefined where it opened one, and its first value comes next. */
  #scalarOrOpen(): ExactValue | undefined {
    this.skipSpace()
    if (this.takes(0x5b)) {
      const array: ExactValue[] = []
      this.skipSpace()
      if (this.takes(0x5d)) return array
      this.#push({ array })
      return undefined
    }
    if (!this.takes(0x7b)) return this.scalar()
    const members: ExactObject = new Map()
    this.skipSpace()
    if (this.takes(0x7d)) return members
    this.#push({ members, name: this.name() })
    return undefined
  }

  #push(container: Container): void {
    this.#open.push(container)
    this.checkDepth(this.#open.length)
  }

  /** Puts a value where it belongs, and closes what ends behind it. @returns true at the end of all */
  #add(value: ExactValue): boolean {
    for (let added = value; ;) {
      this.skipSpace()
      const container = this.#open.at(-1)
      if (container === undefined) {
        this.result = added
        return true
      }
      if ('array' in container) container.array.push(added)
      else {
        container.members.delete(container.name)
        container.members.set(container.name, added)
      }
      if (this.takes(0x2c)) {
        if ('members' in container) container.name = this.name()
        return false
      }
      this.expect('array' in container ? ']' : '}')
      this.#open.pop()
      added = 'array' in container ? container.array : container.members
    }
  }
}
