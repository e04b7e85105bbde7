import { stripVTControlCharacters } from 'node:util'

const GAP = '  '
const ELLIPSIS = '…'
/** A cell that is cut keeps so many characters at least. */
const MIN_CELL = 12

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** The column that is cut where the table is wider than the terminal. */
  readonly shrinks?: boolean
}

/**
 * Lays out rows under headings. Cells may have colours; control characters in them, as in names that others chose, are
 * shown as "?".
 *
 * @param width characters of a line; Infinity where nothing is to be cut
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const titles = columns.map(({ title }) => title)
  const widths = columns.map((_, at) => Math.max(...[titles, ...rows].map(row => shownLength(row[at] ?? ''))))
  const total = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (columns.length - 1)
  const shrinking = columns.findIndex(({ shrinks }) => shrinks)
  if (total > width && shrinking >= 0)
    widths[shrinking] = Math.max(MIN_CELL, (widths[shrinking] ?? 0) - (total - width))
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align }, at) => fitted(row[at] ?? '', widths[at] ?? 0, align))
      .join(GAP)
      .trimEnd()
  return [titles, ...rows].map(row => `${line(row)}\n`).join('')
}

/** Replaces control characters, which could rewrite what a terminal shows. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '?')
}

function fitted(cell: string, width: number, align: Column['align']): string {
  const length = shownLength(cell)
  if (length > width) return `${[...stripVTControlCharacters(cell)].slice(0, width - 1).join('')}${ELLIPSIS}`
  const space = ' '.repeat(width - length)
  return align === 'right' ? space + cell : cell + space
}

function shownLength(cell: string): number {
  return [...stripVTControlCharacters(cell)].length
}
