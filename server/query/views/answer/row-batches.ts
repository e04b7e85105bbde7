import { bufferOf } from '../../../../protocol/bytes.ts'

const ROWS = '"rows":['
const NEWLINE = '\n'

/**
 * The rows of an answer of a view or of `_all_docs`, in batches. Each row is a line, which has no others: JSON as it is
 * stored has no line breaks.
 */
export class RowBatches {
  /** Members of the answer before the rows: `{"total_rows":3,"offset":0}`. */
  readonly head: string
  readonly #pieces: AsyncGenerator<Uint8Array | string>
  #text: string
  #isAtEnd = false

  /** Reads the head. */
  static async of(pieces: AsyncGenerator<Uint8Array | string>): Promise<RowBatches> {
    let text = ''
    while (!text.includes(NEWLINE)) {
      const next = await pieces.next()
      if (next.done === true) break
      text += textOf(next.value)
    }
    return new RowBatches(text, pieces)
  }

  private constructor(text: string, pieces: AsyncGenerator<Uint8Array | string>) {
    const offset = text.indexOf(ROWS)
    this.head = `${text.slice(0, offset).replace(/,$/, '')}}`
    this.#text = text.slice(offset + ROWS.length)
    this.#pieces = pieces
  }

  /** True after the last row. */
  get isAtEnd(): boolean {
    return this.#isAtEnd
  }

  /**
   * The next rows, a JSON array; empty text if there are none.
   *
   * @param size so many characters at least, where there are
   */
  async next(size: number): Promise<string> {
    let rows = ''
    while (rows === '' && !this.#isAtEnd) rows = listed(await this.#lines(size))
    return rows === '' ? '' : `[${rows}]`
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isAtEnd = true
    await this.#pieces.return(undefined)
  }

  /** Whole lines. */
  async #lines(size: number): Promise<string> {
    const gathered = [this.#text]
    let length = this.#text.length
    for (let hasLine = false; length < size || !hasLine;) {
      const next = await this.#pieces.next()
      if (next.done === true) {
        this.#isAtEnd = true
        return gathered.join('')
      }
      const text = textOf(next.value)
      gathered.push(text)
      length += text.length
      hasLine ||= text.includes(NEWLINE)
    }
    const all = gathered.join('')
    const end = all.lastIndexOf(NEWLINE) + 1
    this.#text = all.slice(end)
    return all.slice(0, end)
  }
}

/** The line behind the rows. */
const END = /(?:^|\n)\]\}\s*$/

/** Rows without the commas and line breaks around them. */
function listed(lines: string): string {
  return lines.replace(END, '').trim().replace(/^,/, '').replace(/,$/, '').trim()
}

/** No piece ends within a character. */
function textOf(piece: Uint8Array | string): string {
  if (typeof piece === 'string') return piece
  return bufferOf(piece).toString()
}
