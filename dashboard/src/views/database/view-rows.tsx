import { useState } from 'preact/hooks'
import { queryView } from '../../api/views.ts'
import { formatCount } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import { navigate, useResource } from '../../ui/hooks.ts'
import { Button, Check, Empty, LinkButton, Loaded, TextInput } from '../../ui/kit.tsx'
import { Pager } from '../../ui/pager.tsx'
import { DocumentTable } from './document-table.tsx'

const PAGE = 50

interface ViewRowsProps {
  readonly database: string
  readonly design: string
  readonly view: string
  readonly params: Readonly<Record<string, string>>
  readonly mayEdit: boolean
}

/** The rows of a view; keys are typed as JSON, or as plain text that then is a string. */
export function ViewRows({ database, design, view, params, mayEdit }: ViewRowsProps) {
  const { startkey = '', endkey = '', reduce = '', descending = '', bodies = '', from, fromId } = params
  const isReduced = reduce === 'true'
  const page = useResource(
    signal =>
      queryView(
        database,
        design,
        view,
        {
          limit: PAGE + 1,
          startkey: from ?? keyText(startkey),
          startkey_docid: fromId,
          endkey: keyText(endkey),
          descending: descending === 'true' ? true : undefined,
          reduce: isReduced,
          group: isReduced ? true : undefined,
          include_docs: !isReduced && bodies === 'true',
        },
        signal,
      ),
    [database, design, view, params],
  )
  const path = ['db', database, 'design', design, view]
  const link = (changes: Record<string, string | undefined>) =>
    linkTo(path, { startkey, endkey, reduce, descending, bodies, ...changes })
  const set = (changes: Record<string, string>) => navigate(link(changes), { replace: true })
  return (
    <section class="card" aria-label={`Rows of ${view}`}>
      <div class="toolbar">
        <h2 class="break">{view}</h2>
        <KeyFields startkey={startkey} endkey={endkey} onApply={set} />
        <Check checked={descending === 'true'} onChange={on => set({ descending: on ? 'true' : '' })}>
          Descending
        </Check>
        <Check checked={isReduced} onChange={on => set({ reduce: on ? 'true' : '' })}>
          Reduce by key
        </Check>
        {!isReduced && (
          <Check checked={bodies === 'true'} onChange={on => set({ bodies: on ? 'true' : '' })}>
            Show bodies
          </Check>
        )}
        {mayEdit && <LinkButton href={linkTo([...path, 'edit'])}>Edit</LinkButton>}
      </div>
      <Loaded resource={page} what="Reading the index; it is built first where it is new…">
        {({ rows, total }) => {
          const next = rows[PAGE]
          return rows.length === 0 ? (
            <Empty title="The view has no rows here." />
          ) : (
            <>
              <DocumentTable
                database={database}
                rows={rows.slice(0, PAGE)}
                columns={isReduced ? ['key', 'value'] : ['key', 'value', 'id']}
              />
              <Pager
                first={from === undefined ? undefined : link({})}
                next={next === undefined ? undefined : link({ from: next.key, fromId: next.id })}
              >
                {total !== undefined && `${formatCount(total)} rows in all`}
              </Pager>
            </>
          )
        }}
      </Loaded>
    </section>
  )
}

interface KeyFieldsProps {
  readonly startkey: string
  readonly endkey: string
  readonly onApply: (keys: { startkey: string; endkey: string }) => void
}

function KeyFields({ startkey, endkey, onApply }: KeyFieldsProps) {
  const [start, setStart] = useState(startkey)
  const [end, setEnd] = useState(endkey)
  const apply = (event: Event) => {
    event.preventDefault()
    onApply({ startkey: start, endkey: end })
  }
  return (
    <form class="row search" onSubmit={apply}>
      <TextInput class="grow" label="First key" placeholder="First key" value={start} onInput={setStart} />
      <TextInput class="grow" label="Last key" placeholder="Last key" value={end} onInput={setEnd} />
      <Button type="submit">Show</Button>
    </form>
  )
}

/** Returns a typed key as JSON text: unchanged if it is JSON, else as a JSON string; undefined for nothing. */
function keyText(typed: string): string | undefined {
  if (typed === '') return undefined
  try {
    JSON.parse(typed)
    return typed
  } catch {
    return JSON.stringify(typed)
  }
}
