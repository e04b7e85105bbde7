import { useEffect, useState } from 'preact/hooks'
import { documentText, putDocument } from '../../api/documents.ts'
import { hasStatus } from '../../api/http.ts'
import { BUILT_IN_REDUCES, NEW_MAP, viewsOf, withoutView, withView } from '../../lib/design-document.ts'
import { linkTo } from '../../lib/location.ts'
import { ConfirmButton } from '../../ui/confirm-button.tsx'
import { CodeEditor } from '../../ui/editor/code-editor.tsx'
import { navigate, useAction, useResource } from '../../ui/hooks.ts'
import { Button, ErrorNotice, Field, Loaded, Notice, Select, TextInput } from '../../ui/kit.tsx'
import { toast } from '../../ui/toasts.tsx'
import { TrialRun } from './trial-run.tsx'

interface EditViewProps {
  readonly database: string
  readonly design: string
  readonly view: string
}

/** Edits one view of a design document; its functions are tried on sample documents before they are saved. */
export function EditView({ database, design, view }: EditViewProps) {
  const stored = useResource(
    signal => (design === '' ? Promise.resolve('{}') : textOrEmpty(database, design, signal)),
    [database, design],
  )
  return (
    <Loaded resource={stored}>
      {text => (
        <Form
          key={`${design} ${view}`}
          database={database}
          design={design}
          view={view}
          text={text}
          onSaved={stored.reload}
        />
      )}
    </Loaded>
  )
}

async function textOrEmpty(database: string, design: string, signal: AbortSignal): Promise<string> {
  try {
    return await documentText(database, design, {}, signal)
  } catch (error) {
    if (hasStatus(error, 404)) return '{}'
    throw error
  }
}

interface FormProps extends EditViewProps {
  readonly text: string
  readonly onSaved: () => void
}

function Form({ database, design, view, text, onSaved }: FormProps) {
  const before = viewsOf(text).find(({ name }) => name === view)
  const [id, setId] = useState(design === '' ? '_design/' : design)
  const [name, setName] = useState(view)
  const [map, setMap] = useState(before?.map ?? NEW_MAP)
  const [reduce, setReduce] = useState(before?.reduce ?? '')
  const { busy, error, run } = useAction()
  useEffect(() => setMap(before?.map ?? NEW_MAP), [before?.map])
  useEffect(() => setReduce(before?.reduce ?? ''), [before?.reduce])
  const mayBeSaved = /^_design\/.+/.test(id) && name !== '' && map.trim() !== ''
  const shared = viewsOf(text).filter(other => other.name !== view).length
  const save = () =>
    run(async () => {
      const base = id === design ? text : await textOrEmpty(database, id, AbortSignal.timeout(30_000))
      await putDocument(database, id, withView(base, { name, map, reduce }))
      toast('The view is saved. Its index is built in the background.')
      onSaved()
      navigate(linkTo(['db', database, 'design', id, name]))
    })
  const remove = () =>
    run(async () => {
      await putDocument(database, design, withoutView(text, view))
      toast(`The view ${view} is deleted.`)
      navigate(linkTo(['db', database, 'design']))
    })
  return (
    <div class="stack">
      <div class="columns">
        <Field label="Design document">
          <TextInput value={id} onInput={setId} />
        </Field>
        <Field label="View">
          <TextInput value={name} onInput={setName} placeholder="by_customer" />
        </Field>
      </div>
      <div class="stack tight">
        <h2>Map function</h2>
        <CodeEditor
          language="javascript"
          label="Map function"
          value={map}
          onChange={setMap}
          onSave={save}
          minHeight="140px"
        />
      </div>
      <ReduceField reduce={reduce} onChange={setReduce} />
      {shared > 0 && (
        <Notice>
          {shared === 1 ? 'Another view shares' : `${shared} other views share`} this design document: saving
          builds the index of all of them again.
        </Notice>
      )}
      <ErrorNotice error={error} />
      <div class="row between">
        <Button kind="primary" disabled={busy || !mayBeSaved} onClick={save}>
          {busy ? 'Saving…' : 'Save view'}
        </Button>
        {before !== undefined && (
          <ConfirmButton text="Delete view" confirm="Really delete it" disabled={busy} onConfirm={remove} />
        )}
      </div>
      <TrialRun database={database} map={map} reduce={reduce} />
    </div>
  )
}

const OWN = 'own'

function ReduceField({ reduce, onChange }: { reduce: string; onChange: (reduce: string) => void }) {
  const isBuiltIn = reduce === '' || (BUILT_IN_REDUCES as readonly string[]).includes(reduce)
  const options = [
    ['', 'Nothing'],
    ...BUILT_IN_REDUCES.map(name => [name, name] as const),
    [OWN, 'A function of its own'],
  ] as const
  return (
    <div class="stack tight">
      <Field label="Reduce">
        <Select
          value={isBuiltIn ? reduce : OWN}
          options={options}
          onChange={value =>
            onChange(value === OWN ? 'function (keys, values, rereduce) {\n  return null\n}' : value)
          }
        />
      </Field>
      {!isBuiltIn && (
        <CodeEditor
          language="javascript"
          label="Reduce function"
          value={reduce}
          onChange={onChange}
          minHeight="90px"
        />
      )}
    </div>
  )
}
