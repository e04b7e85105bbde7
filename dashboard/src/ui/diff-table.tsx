import { useMemo } from 'preact/hooks'
import { type DiffRow, diffLines } from '../lib/line-diff.ts'

interface DiffProps {
  readonly left: string
  readonly right: string
  readonly leftTitle: string
  readonly rightTitle: string
}

/** Two texts side by side, with what differs marked by colour and by a sign. */
export function DiffTable({ left, right, leftTitle, rightTitle }: DiffProps) {
  const rows = useMemo(() => diffLines(left, right), [left, right])
  const differing = rows.filter(({ kind }) => kind !== 'same').length
  return (
    <>
      <p class="muted small card-body" role="status">
        {differing === 0
          ? 'They are equal.'
          : `${differing} ${differing === 1 ? 'line differs' : 'lines differ'}.`}
      </p>
      <table class="diff">
        <colgroup>
          <col class="line" />
          <col />
          <col class="line" />
          <col />
        </colgroup>
        <thead>
          <tr>
            <th colSpan={2} class="ellipsis" title={leftTitle}>
              {leftTitle}
            </th>
            <th colSpan={2} class="ellipsis" title={rightTitle}>
              {rightTitle}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <Row key={index} row={row} />
          ))}
        </tbody>
      </table>
    </>
  )
}

function Row({ row: { kind, left, right } }: { row: DiffRow }) {
  const differs = kind !== 'same'
  return (
    <tr>
      <td class="line">{left?.number}</td>
      <td class={differs && left !== undefined ? 'gone' : undefined}>
        {left === undefined ? '' : `${differs ? '− ' : '  '}${left.text}`}
      </td>
      <td class="line">{right?.number}</td>
      <td class={differs && right !== undefined ? 'new' : undefined}>
        {right === undefined ? '' : `${differs ? '+ ' : '  '}${right.text}`}
      </td>
    </tr>
  )
}
