import { conflictLog, type ConflictPage, listConflicts } from '../../api/conflicts.ts'
import { formatCount, plural, shortRev } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import { useResource } from '../../ui/hooks.ts'
import { Ago, Empty, Loaded } from '../../ui/kit.tsx'
import { Pager } from '../../ui/pager.tsx'
import { Policies } from './policies.tsx'
import type { DatabaseViewProps } from './props.ts'

/** The documents of a database that are in conflict, and what policies have resolved. */
export function Conflicts({ database, place }: DatabaseViewProps) {
  const { from } = place.params
  const page = useResource(signal => listConflicts(database, from, signal), [database, from])
  const log = useResource(signal => conflictLog(database, signal), [database])
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
      {log.data !== undefined && (
        <section class="card" aria-label="What policies did">
          <div class="card-head">
            <h2>What policies did</h2>
            <a href={linkTo(['db', database, 'doc', '_design/policy'])}>Edit the policies</a>
          </div>
          {log.data.length === 0 ? (
            <Empty title="No policy has resolved a conflict yet." />
          ) : (
            <pre class="code" tabIndex={0}>
              {log.data.join('\n')}
            </pre>
          )}
        </section>
      )}
    </div>
  )
}

function Rows({ database, page }: { database: string; page: ConflictPage }) {
  if (page.rows.length === 0) {
    return <Empty title="No document is in conflict here.">Edits on several nodes have not collided.</Empty>
  }
  return (
    <div class="table-wrap">
      <table>
        <thead>
          <tr>
            <th>Document</th>
            <th>Winner</th>
            <th>Others</th>
            <th>Since</th>
            <th>
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
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
        </tbody>
      </table>
    </div>
  )
}
