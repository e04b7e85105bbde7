import { listDesigns } from '../../api/views.ts'
import { linkTo } from '../../lib/location.ts'
import { policiesOf } from '../../lib/policies.ts'
import { useResource } from '../../ui/hooks.ts'
import { Badge } from '../../ui/kit.tsx'

/** The rules of a database that resolve conflicts by themselves, where it has any. */
export function Policies({ database }: { database: string }) {
  const designs = useResource(signal => listDesigns(database, signal), [database])
  const policies = policiesOf(designs.data ?? [])
  if (policies.length === 0) return null
  return (
    <section class="card" aria-label="Policies">
      <div class="card-head">
        <h2>Policies</h2>
        <span class="muted small">resolve conflicts by rule, the first that matches</span>
      </div>
      <div class="table-wrap">
        <table>
          <thead>
            <tr>
              <th>Policy</th>
              <th>For documents that match</th>
              <th>Details</th>
              <th>Written in</th>
            </tr>
          </thead>
          <tbody>
            {policies.map(({ design, kind, selector, details }, index) => (
              <tr key={index}>
                <td>
                  <Badge tone="info">{kind}</Badge>
                </td>
                <td class="break">
                  <code>{selector}</code>
                </td>
                <td class="break">
                  <code>{details.join(', ')}</code>
                </td>
                <td class="break">
                  <a href={linkTo(['db', database, 'doc', design])}>{design}</a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
