import type { LoggedResolution } from '../../api/conflicts.ts'
import { shortRev } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import { Ago, Badge, Empty } from '../../ui/kit.tsx'
import { Table } from '../../ui/table.tsx'

/** The latest resolutions of a database by its policies and by hand, and those that failed. */
export function ResolutionTable({ database, rows }: { database: string; rows: readonly LoggedResolution[] }) {
  return (
    <section class="card" aria-label="Latest resolutions">
      <div class="card-head">
        <h2>Latest resolutions</h2>
        <span class="muted small">on this node, by policies and by hand</span>
      </div>
      {rows.length === 0 ? (
        <Empty title="No conflict has been resolved yet." />
      ) : (
        <Table columns={['Document', 'Policy', ['Revisions', 'hide-small'], 'Result', 'Time']}>
          {rows.map((row, index) => (
            <Row key={`${row.time} ${row.id} ${index}`} database={database} row={row} />
          ))}
        </Table>
      )}
    </section>
  )
}

function Row({ database, row }: { database: string; row: LoggedResolution }) {
  const { id, policy, kind, user, leaves, rev, error, time } = row
  return (
    <tr>
      <td class="break">
        <a href={linkTo(['db', database, 'doc', id])}>{id}</a>
      </td>
      <td title={policy ?? undefined}>
        {policy === null ? `by ${user ?? 'nobody'}` : kind !== '' && <Badge tone="info">{kind}</Badge>}
      </td>
      <td class="hide-small">
        <code title={leaves.join('\n')}>{leaves.slice(0, 3).map(shortRev).join(' ')}</code>
        {leaves.length > 3 && ' …'}
      </td>
      <td class="break">
        {rev !== undefined && <code title={rev}>{shortRev(rev)}</code>}
        {error !== undefined && (
          <>
            <Badge tone="bad">Failed</Badge> <span class="small muted">{error}</span>
          </>
        )}
      </td>
      <td class="nowrap">
        <Ago time={time} />
      </td>
    </tr>
  )
}
