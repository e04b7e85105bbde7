import type { JsonValue } from '../../../../protocol/json-value.ts'
import type { Reduced, Reducer } from '../../reduce/reducer.ts'
import type { Rows } from '../cache/row-block.ts'
import type { RowSegment } from './view-reader.ts'

export type RowsOnly = Pick<Rows, 'rows'>

/** A group of rows: its answered row if that is cached, else the rows and nodes from which it is reduced. */
export type RowGroup =
  | { readonly row: string }
  | {
      /** JSON text. */
      readonly key: string
      readonly segments: readonly (RowsOnly | RowSegment)[]
      /** Called with the group's row; present if the group should be cached. */
      readonly remember?: (row: string) => void
    }

/** Reduces groups, in one call of each function for all; returns their rows as JSON texts. */
export async function reduceGroups(groups: readonly RowGroup[], reducer: Reducer): Promise<string[]> {
  const lane = 'request'
  const rows = groups.flatMap(group =>
    'row' in group ? [] : group.segments.flatMap(segment => ('rows' in segment ? [segment.rows] : [])),
  )
  const reduced = (await reducer.reduce(rows, lane)).values()
  const reductions = groups.map(group =>
    'row' in group
      ? []
      : group.segments.map(segment =>
          'rows' in segment ? (reduced.next().value as JsonValue) : (segment.reduction ?? null),
        ),
  )
  const many = reductions.filter(list => list.length > 1)
  const rereduced = (await reducer.rereduce(many, lane)).values()
  return groups.map((group, index) => {
    if ('row' in group) return group.row
    const list = reductions[index] as JsonValue[]
    const reduction = list.length > 1 ? (rereduced.next().value as JsonValue) : (list[0] ?? null)
    const row = render(group.key, reducer.finish(reduction))
    group.remember?.(row)
    return row
  })
}

function render(key: string, reduced: Reduced): string {
  if ('json' in reduced) return `{"key":${key},"value":${reduced.json}}`
  const { error, reason } = reduced
  return `{"key":${key},"error":${JSON.stringify(error)},"reason":${JSON.stringify(reason)}}`
}
