import type { DatabaseInfo } from '../../api/databases.ts'
import { formatBytes, formatCount, plural } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import { Badge } from '../../ui/kit.tsx'
import { Table } from '../../ui/table.tsx'

const SHOWN = 12

/** The largest databases. */
export function DatabaseSummary({ infos, isPart }: { infos: readonly DatabaseInfo[]; isPart: boolean }) {
  const largest = [...infos].sort((a, b) => b.sizes.file - a.sizes.file).slice(0, SHOWN)
  const sum = (value: (info: DatabaseInfo) => number) => infos.reduce((total, info) => total + value(info), 0)
  return (
    <section class="card" aria-label="Databases">
      <div class="card-head">
        <h2>
          {isPart ? `The first ${formatCount(infos.length)} databases` : plural(infos.length, 'database')}
        </h2>
        <span class="muted small">
          {plural(
            sum(({ doc_count }) => doc_count),
            'document',
          )}
          , {formatBytes(sum(({ sizes }) => sizes.file))} on disk
        </span>
        <a href={linkTo(['databases'])}>See all</a>
      </div>
      <Table columns={['Largest', ['Documents', 'number'], ['Size on disk', 'number'], 'State']}>
        {largest.map(info => (
          <tr key={info.db_name}>
            <td class="break">
              <a href={linkTo(['db', info.db_name])}>{info.db_name}</a>
            </td>
            <td class="number">{formatCount(info.doc_count)}</td>
            <td class="number nowrap">{formatBytes(info.sizes.file)}</td>
            <td>
              <span class="row">
                {info.compact_running && <Badge tone="info">Compacting</Badge>}
                {(info.sizes.conflicts ?? 0) > 0 && (
                  <a href={linkTo(['db', info.db_name, 'conflicts'])}>
                    <Badge tone="warn">{plural(info.sizes.conflicts ?? 0, 'conflict')}</Badge>
                  </a>
                )}
              </span>
            </td>
          </tr>
        ))}
      </Table>
    </section>
  )
}
