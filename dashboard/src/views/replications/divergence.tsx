import { formatCount, plural } from '../../lib/format.ts'
import type { Divergence } from '../../lib/replication-job.ts'
import { Ago, Notice } from '../../ui/kit.tsx'
import { Table } from '../../ui/table.tsx'

/** Card of the documents that differ, or of when both sides were last found equal. */
export function DivergenceCard({ divergence }: { divergence: Divergence }) {
  const { documents, in_flight: inFlight, checked, since, first, error, repair } = divergence
  return (
    <section class="card" aria-label="Divergence">
      <div class="card-head">
        <h2>Verification</h2>
      </div>
      <div class="pad stack tight">
        <dl class="pair">
          <dt>Stay different</dt>
          <dd>
            {formatCount(documents)}
            {since !== null && (
              <>
                {' '}
                since <Ago time={since} />
              </>
            )}
          </dd>
          <dt>May be on their way</dt>
          <dd>{formatCount(inFlight)}</dd>
          <dt>Compared</dt>
          <dd>
            <Ago time={checked} />
          </dd>
          {repair !== undefined && (
            <>
              <dt>Repaired</dt>
              <dd>{repairWords(repair)}</dd>
            </>
          )}
        </dl>
        {error !== null && (
          <Notice tone="warn">
            <p class="small break">The two sides could not be compared: {error}</p>
          </Notice>
        )}
      </div>
      {first.length > 0 && <DivergentDocuments documents={first} />}
      {documents > first.length && (
        <p class="pad small">{`These are the first of ${plural(documents, 'document')}.`}</p>
      )}
    </section>
  )
}

function DivergentDocuments({ documents }: { documents: Divergence['first'] }) {
  return (
    <Table columns={['Document', 'Missing on the target', 'Why', 'Since']}>
      {documents.map(({ id, revs, reason, since }) => (
        <tr key={id}>
          <td class="break">{id}</td>
          <td class="break">
            <code>{revs.join(' ')}</code>
          </td>
          <td class="break">{reason}</td>
          <td>
            <Ago time={since} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

function repairWords({ repaired, last }: NonNullable<Divergence['repair']>): string {
  const total = plural(repaired, 'document')
  if (last === null || last.failed === 0) return total
  return `${total}; the last repair left ${formatCount(last.failed)}: ${last.reason ?? ''}`
}
