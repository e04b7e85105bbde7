import type { Explanation, IndexInfo } from '../../api/queries.ts'
import { Badge, Notice } from '../../ui/kit.tsx'

/** Shows the index that a query reads, and why others were not chosen. */
export function Plan({ plan }: { plan: Explanation }) {
  const scansAll = plan.index.type === 'special'
  const others = plan.index_candidates ?? []
  return (
    <section class="card" aria-label="Plan">
      <div class="card-head">
        <h2>Plan</h2>
        {plan.covering === true && <Badge tone="good">Answered from the index alone</Badge>}
      </div>
      <div class="card-body stack tight">
        {scansAll ? (
          <Notice tone="warn">
            No index helps this query: it reads every document. Make an index of the fields that it names.
          </Notice>
        ) : (
          <p>
            It reads the index <strong>{plan.index.name}</strong> of {fieldsOf(plan.index)}.
          </p>
        )}
        {others.length > 0 && (
          <table>
            <thead>
              <tr>
                <th>Other index</th>
                <th>Fields</th>
                <th>Why not</th>
              </tr>
            </thead>
            <tbody>
              {others.map(({ index, analysis }) => (
                <tr key={`${index.ddoc ?? ''} ${index.name}`}>
                  <td class="break">{index.name}</td>
                  <td class="break">{fieldsOf(index)}</td>
                  <td>{analysis.reasons.map(({ name }) => name.replaceAll('_', ' ')).join(', ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <details>
          <summary>Everything that the server says</summary>
          <pre class="code" tabIndex={0}>
            {JSON.stringify(plan, null, 2)}
          </pre>
        </details>
      </div>
    </section>
  )
}

export function fieldsOf({ def }: IndexInfo): string {
  return (def.fields ?? []).flatMap(field => Object.keys(field)).join(', ')
}
