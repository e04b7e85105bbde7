import { diffArrays } from 'diff'

export interface DiffRow {
  readonly kind: 'same' | 'changed' | 'added' | 'removed'
  /** The line on the left side and its number from 1; absent where only the right has one. */
  readonly left?: { readonly number: number; readonly text: string }
  readonly right?: { readonly number: number; readonly text: string }
}

/** Two texts line by line beside each other: lines that were replaced stand in one row. */
export function diffLines(left: string, right: string): DiffRow[] {
  const rows: DiffRow[] = []
  const [from, to] = [left.split('\n'), right.split('\n')]
  let [leftNumber, rightNumber] = [1, 1]
  let removed: string[] = []
  const flush = (added: readonly string[]) => {
    for (let index = 0; index < Math.max(removed.length, added.length); index += 1) {
      const [before, after] = [removed[index], added[index]]
      rows.push({
        kind: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
        ...(before === undefined ? {} : { left: { number: leftNumber++, text: before } }),
        ...(after === undefined ? {} : { right: { number: rightNumber++, text: after } }),
      })
    }
    removed = []
  }
  for (const part of diffArrays(from, to)) {
    if (part.removed) removed = part.value
    else if (part.added) flush(part.value)
    else {
      flush([])
      for (const text of part.value) {
        rows.push({
          kind: 'same',
          left: { number: leftNumber++, text },
          right: { number: rightNumber++, text },
        })
      }
    }
  }
  flush([])
  return rows
}
