import type { ComponentChildren } from 'preact'

/** Title of a column, and the class of its head where it has one. */
export type Column = string | readonly [title: string, className: string]

/** Column of buttons: its title is for screen readers. */
export const ACTIONS: Column = ['Actions', 'visually-hidden']

/** A table whose rows are its children, `<tr>` elements; it scrolls sideways where the window is narrow. */
export function Table({
  columns,
  children,
}: {
  readonly columns: readonly Column[]
  readonly children: ComponentChildren
}) {
  return (
    <div class="table-wrap">
      <table>
        <thead>
          <tr>{columns.map(head)}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

function head(column: Column) {
  if (typeof column === 'string') return <th key={column}>{column}</th>
  const [title, className] = column
  if (column === ACTIONS) {
    return (
      <th key={title}>
        <span class={className}>{title}</span>
      </th>
    )
  }
  return (
    <th key={title} class={className}>
      {title}
    </th>
  )
}
