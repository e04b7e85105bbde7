import { activeTasks, type Task } from '../../api/views.ts'
import { formatCount, plural } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import { useResource } from '../../ui/hooks.ts'
import { Ago, Badge, Empty, Loaded } from '../../ui/kit.tsx'
import { Table } from '../../ui/table.tsx'

const KINDS: Readonly<Record<string, string>> = {
  indexer: 'Index build',
  database_compaction: 'Compaction',
  view_compaction: 'Compaction of an index',
  replication: 'Replication',
}

/** Compactions and index builds with their progress, and how many replications run. */
export function Tasks() {
  const tasks = useResource(activeTasks, [], 2000)
  return (
    <section class="card" aria-label="Tasks">
      <Loaded resource={tasks}>
        {all => {
          const shown = all.filter(({ type }) => type !== 'replication')
          const replications = all.length - shown.length
          return (
            <>
              {shown.length === 0 ? (
                <Empty title="No compaction and no index build is running." />
              ) : (
                <TaskTable tasks={shown} />
              )}
              {replications > 0 && (
                <p class="card-foot muted small">
                  Besides, <a href={linkTo(['replications'])}>{plural(replications, 'replication')}</a> are
                  running.
                </p>
              )}
            </>
          )
        }}
      </Loaded>
    </section>
  )
}

function TaskTable({ tasks }: { tasks: readonly Task[] }) {
  return (
    <Table columns={['Task', 'Where', 'Progress', 'Started']}>
      {tasks.map((task, index) => (
        <tr key={index}>
          <td>
            <Badge tone="info">{KINDS[task.type] ?? task.type}</Badge>
          </td>
          <td class="break">
            {task.database}
            {task.design_document !== undefined && <div class="small muted">{task.design_document}</div>}
          </td>
          <td>
            {task.progress === undefined ? (
              ''
            ) : (
              <label class="small">
                {task.progress}%
                {task.changes_done !== undefined && ` (${formatCount(task.changes_done)} changes)`}
                <progress value={task.progress} max={100} />
              </label>
            )}
          </td>
          <td class="nowrap">
            <Ago time={task.started_on === undefined ? undefined : task.started_on * 1000} />
          </td>
        </tr>
      ))}
    </Table>
  )
}
