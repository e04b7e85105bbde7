import { GrowingBuffer } from './growing-buffer.ts'
import { JsonSkipper } from './json-skipper.ts'

/**
 * Finds the rows of an answer `{"results":[row,row,…],…}` as it arrives, however it is broken into lines and chunks.
 * Rows are the objects two levels deep; a `results` of anything else than objects has none.
 */
export class RowsScanner {
  readonly #buffer = new GrowingBuffer()
  readonly #skipper = new JsonSkipper()
  #rowStart = 0

  /** True after the end of the answer's outermost object. */
  get complete(): boolean {
    return this.#skipper.finished
  }

  /** Bytes of a row, or of anything else, that is not complete. */
  get held(): number {
    return this.#buffer.bytes.length
  }

  /** @returns the rows that these bytes complete, as the text of a JSON array's elements; empty if there are none */
  push(chunk: Uint8Array): string {
    this.#buffer.append(chunk)
    const bytes = this.#buffer.bytes
    const skipper = this.#skipper
    let [first, last] = [-1, -1]
    for (let token = skipper.step(bytes); token !== 'more'; token = skipper.step(bytes)) {
      if (token === 'open' && skipper.depth === 3) this.#rowStart = skipper.position - 1
      if (token !== 'close' || skipper.depth !== 2) continue
      if (first < 0) first = this.#rowStart
      last = skipper.position
    }
    const rows = first < 0 ? '' : bytes.toString('utf8', first, last)
    // A string between rows may end in an escape that reaches past the bytes.
    this.#drop(skipper.depth > 2 ? this.#rowStart : Math.min(skipper.position, bytes.length))
    return rows
  }

  #drop(length: number): void {
    if (length <= 0) return
    this.#buffer.drop(length)
    this.#skipper.rebase(length)
    this.#rowStart -= length
  }
}
