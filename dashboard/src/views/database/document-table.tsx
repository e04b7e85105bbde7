import type { DocumentRow } from '../../api/documents.ts'
import { shortRev } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'

type Column = 'id' | 'rev' | 'key' | 'value'

const TITLES: Record<Column, string> = { id: 'Id', rev: 'Revision', key: 'Key', value: 'Value' }
const SHOWN_CHARACTERS = 400

/** Rows of `_all_docs` or a view, each with the beginning of its document where that was asked for. */
export function DocumentTable({
  database,
  rows,
  columns,
}: {
  database: string
  rows: readonly DocumentRow[]
  columns: readonly Column[]
}) {
  const hasBodies = rows.some(({ text }) => text !== undefined)
  return (
    <div class="table-wrap">
      <table>
        <thead>
          <tr>
            {columns.map(column => (
              <th key={column}>{TITLES[column]}</th>
            ))}
            {hasBodies && <th>Body</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={`${row.id ?? row.key}#${index}`}>
              {columns.map(column => (
                <td key={column} class="break">
                  <Cell column={column} row={row} database={database} />
                </td>
              ))}
              {hasBodies && (
                <td>
                  <code class="break">{shortened(row.text ?? '')}</code>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Cell({ column, row, database }: { column: Column; row: DocumentRow; database: string }) {
  switch (column) {
    case 'id':
      return row.id === undefined ? null : <a href={linkTo(['db', database, 'doc', row.id])}>{row.id}</a>
    case 'rev': {
      const rev = (JSON.parse(row.value) as { rev?: string } | null)?.rev ?? ''
      return (
        <code class="nowrap muted" title={rev}>
          {shortRev(rev)}
        </code>
      )
    }
    case 'key':
      return <code>{shortened(row.key)}</code>
    case 'value':
      return <code>{shortened(row.value)}</code>
  }
}

function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
