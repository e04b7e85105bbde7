import { activeTasks, type DesignText, indexInfo, listDesigns, type Task } from '../../api/views.ts'
import { otherFunctions, viewsOf } from '../../lib/design-document.ts'
import { formatBytes } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import { useResource } from '../../ui/hooks.ts'
import { Badge, Empty, LinkButton, Loaded } from '../../ui/kit.tsx'
import { useSession } from '../../ui/session.tsx'
import { EditView } from './edit-view.tsx'
import type { DatabaseViewProps } from './props.ts'
import { ViewRows } from './view-rows.tsx'

/** Design documents: `#/db/NAME/design`, `…/design/ID/VIEW` for the rows of a view, `…/edit` to change it. */
export function Designs({ database, place, mayAdminister }: DatabaseViewProps) {
  const [, , , design, view, what] = place.segments
  if (design !== undefined && view !== undefined) {
    return what === 'edit' && mayAdminister ? (
      <EditView database={database} design={design} view={view} />
    ) : (
      <ViewRows
        database={database}
        design={design}
        view={view}
        params={place.params}
        mayEdit={mayAdminister}
      />
    )
  }
  return <DesignList database={database} mayEdit={mayAdminister} />
}

function DesignList({ database, mayEdit }: { database: string; mayEdit: boolean }) {
  const { admin } = useSession()
  const designs = useResource(signal => listDesigns(database, signal), [database])
  const tasks = useResource(signal => (admin ? activeTasks(signal) : Promise.resolve([])), [admin], 3000)
  return (
    <div class="stack">
      {mayEdit && (
        <div class="row">
          <LinkButton icon="plus" href={linkTo(['db', database, 'design', '', '', 'edit'])}>
            New view
          </LinkButton>
        </div>
      )}
      <Loaded resource={designs}>
        {found =>
          found.length === 0 ? (
            <div class="card">
              <Empty title="There are no design documents here.">
                A view sorts documents by what its map function emits, and can sum them up.
              </Empty>
            </div>
          ) : (
            <>
              {found.map(design => (
                <Design
                  key={design.id}
                  database={database}
                  design={design}
                  tasks={tasks.data ?? []}
                  mayEdit={mayEdit}
                />
              ))}
            </>
          )
        }
      </Loaded>
    </div>
  )
}

interface DesignProps {
  readonly database: string
  readonly design: DesignText
  readonly tasks: readonly Task[]
  readonly mayEdit: boolean
}

function Design({ database, design: { id, text }, tasks, mayEdit }: DesignProps) {
  const views = viewsOf(text)
  const info = useResource(
    signal => (views.length === 0 ? Promise.resolve(undefined) : indexInfo(database, id, signal)),
    [database, id, views.length],
    5000,
  )
  const task = tasks.find(
    found => found.design_document === id && found.database?.includes(database) === true,
  )
  return (
    <section class="card" aria-label={id}>
      <div class="card-head">
        <h2 class="break">
          <a href={linkTo(['db', database, 'doc', id])}>{id}</a>
        </h2>
        <span class="row">
          {info.data !== undefined && (
            <span class="muted small">index: {formatBytes(info.data.sizes.file)}</span>
          )}
          {(info.data?.updater_running === true || task !== undefined) && <Badge tone="info">Building</Badge>}
        </span>
      </div>
      {task?.progress !== undefined && (
        <div class="card-body">
          <label>
            The index is being built: {task.progress}%
            <progress value={task.progress} max={100} />
          </label>
        </div>
      )}
      <div class="table-wrap">
        <table>
          <tbody>
            {views.map(({ name, reduce }) => (
              <tr key={name}>
                <td class="break">
                  <a href={linkTo(['db', database, 'design', id, name])}>{name}</a>
                </td>
                <td>{reduce === '' ? '' : <Badge>{reduce.startsWith('_') ? reduce : 'reduces'}</Badge>}</td>
                <td class="actions">
                  {mayEdit && (
                    <a class="button small" href={linkTo(['db', database, 'design', id, name, 'edit'])}>
                      Edit
                    </a>
                  )}
                </td>
              </tr>
            ))}
            {otherFunctions(text).map(name => (
              <tr key={name}>
                <td class="break muted">{name}</td>
                <td />
                <td class="actions">
                  <a class="button small" href={linkTo(['db', database, 'doc', id])}>
                    Edit
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
