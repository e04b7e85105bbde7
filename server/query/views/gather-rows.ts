import type { AnswerPieces } from './run-query.ts'

/** A view's answer taken apart, as JSON texts. */
export interface GatheredRows {
  /** What the answer has besides the rows: `{"total_rows":3,"offset":0}`. */
  readonly head: string
  readonly rows: string
  /** Whether these are all rows. */
  readonly isWhole: boolean
}

const ROWS = '"rows":['
const END = ']}'

/**
 * Reads the rows of an answer as far as they fit.
 *
 * @param mostBytes about
 */
export async function gatherRows(pieces: AnswerPieces, mostBytes: number): Promise<GatheredRows> {
  const gathered: string[] = []
  let size = 0
  let isWhole = true
  for await (const piece of pieces) {
    isWhole = size < mostBytes
    if (!isWhole) break
    const text = typeof piece === 'string' ? piece : Buffer.from(piece).toString()
    gathered.push(text)
    size += text.length
  }
  const answer = gathered.join('')
  const rowsAt = answer.indexOf(ROWS) + ROWS.length
  const head = answer.slice(0, rowsAt - ROWS.length).replace(/,$/, '')
  const rows = answer.slice(rowsAt, isWhole ? answer.lastIndexOf(END) : undefined).trimEnd()
  return { head: `${head}}`, rows: `[${rows.replace(/,$/, '')}]`, isWhole }
}
