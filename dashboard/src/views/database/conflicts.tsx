import { type ConflictPage, listConflicts } from '../../api/conflicts.ts'
import { hasStatus, messageOf } from '../../api/http.ts'
import { formatCount, plural, shortRev } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import { useResource } from '../../ui/hooks.ts'
import { Ago, Empty, Loaded } from '../../ui/kit.tsx'
import { Pager } from '../../ui/pager.tsx'
import { Policies } from './policies.tsx'
import type { DatabaseViewProps } from './props.ts'
import { ACTIONS, Table } from '../../ui/table.tsx'

const REFRESH_MS = 5000

/** The documents of a database that are in conflict, its policies, and what these have resolved. */
export function Conflicts({ database, place }: DatabaseViewProps) {
  const { from } = place.params
  const page = useResource(signal => listConflicts(database, from, signal), [database, from], REFRESH_MS)
  if (hasStatus(page.error, 403)) {
    return (
      <div class="card">
        <Empty title="You may not see the conflicts of this database.">{messageOf(page.error)}</Empty>
      </div>
    )
  }
  const link = (next: string | undefined) => linkTo(['db', database, 'conflicts'], { from: next })
  return (
    <div class="stack">
      <section class="card" aria-label="Documents in conflict">
        <Loaded resource={page} what="Looking for conflicts…">
          {data => (
            <>
              <Rows database={database} page={data} />
              <Pager
                first={from === undefined ? undefined : link(undefined)}
                next={data.next === undefined ? undefined : link(data.next)}
              >
                {`${plural(data.total, 'document')} in conflict`}
              </Pager>
            </>
          )}
        </Loaded>
      </section>
      <Policies database={database} />
    </div>
  )
}

function Rows({ database, page }: { database: string; page: ConflictPage }) {
  if (page.rows.length === 0) {
    return <Empty title="No document is in conflict here.">Every document has one current revision.</Empty>
  }
  return (
    <Table columns={['Document', 'Winner', 'Others', 'Since', ACTIONS]}>
      {page.rows.map(({ id, winner, conflicts, since }) => (
        <tr key={id}>
          <td class="break">
            <a href={linkTo(['db', database, 'doc', id])}>{id}</a>
          </td>
          <td>
            <code title={winner}>{shortRev(winner)}</code>
          </td>
          <td>
            <code title={conflicts.join('\n')}>{conflicts.slice(0, 3).map(shortRev).join(' ')}</code>
            {conflicts.length > 3 && ` and ${formatCount(conflicts.length - 3)} more`}
          </td>
          <td>
            <Ago time={since} />
          </td>
          <td class="actions">
            <span class="row end">
              <a class="button small" href={linkTo(['db', database, 'doc', id, 'revisions'])}>
                Tree
              </a>
              <a class="button small" href={linkTo(['db', database, 'doc', id, 'conflicts'])}>
                Resolve
              </a>
            </span>
          </td>
        </tr>
      ))}
    </Table>
  )
}
