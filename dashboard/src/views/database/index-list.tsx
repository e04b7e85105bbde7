import { useId, useState } from 'preact/hooks'
import { createIndex, deleteIndex, type IndexInfo, listIndexes } from '../../api/queries.ts'
import { ConfirmButton } from '../../ui/confirm-button.tsx'
import { useAction, useResource } from '../../ui/hooks.ts'
import { Badge, Button, ErrorNotice, Field, Loaded, TextInput } from '../../ui/kit.tsx'
import { toast } from '../../ui/toasts.tsx'
import { fieldsOf } from './plan.tsx'
import { ACTIONS, Table } from '../../ui/table.tsx'

interface IndexListProps {
  readonly database: string
  readonly fields: readonly string[]
  readonly mayChange: boolean
}

/** The indexes that queries may use, and the form for a new one. */
export function IndexList({ database, fields, mayChange }: IndexListProps) {
  const indexes = useResource(signal => listIndexes(database, signal), [database])
  const removal = useAction()
  const remove = (index: IndexInfo) =>
    removal.run(async () => {
      await deleteIndex(database, index)
      toast(`The index ${index.name} is deleted.`)
      indexes.reload()
    })
  return (
    <section class="card" aria-label="Indexes">
      <div class="card-head">
        <h2>Indexes</h2>
      </div>
      <ErrorNotice error={removal.error} />
      <Loaded resource={indexes}>
        {found => (
          <Table columns={['Name', 'Fields', 'Kind', ACTIONS]}>
            {found.map(index => (
              <tr key={`${index.ddoc ?? ''} ${index.name}`}>
                <td class="break">{index.name}</td>
                <td class="break">{fieldsOf(index)}</td>
                <td>
                  <Badge>{index.type}</Badge>
                </td>
                <td class="actions">
                  {mayChange && index.ddoc !== null && (
                    <ConfirmButton
                      small
                      text="Delete"
                      confirm="Really delete"
                      label={`Delete the index ${index.name}`}
                      onConfirm={() => remove(index)}
                    />
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      {mayChange && <NewIndex database={database} fields={fields} onDone={indexes.reload} />}
    </section>
  )
}

interface NewIndexProps {
  readonly database: string
  readonly fields: readonly string[]
  readonly onDone: () => void
}

function NewIndex({ database, fields, onDone }: NewIndexProps) {
  const list = useId()
  const [names, setNames] = useState('')
  const [name, setName] = useState('')
  const { busy, error, run } = useAction()
  const wanted = names
    .split(',')
    .map(field => field.trim())
    .filter(field => field !== '')
  const submit = (event: Event) => {
    event.preventDefault()
    run(async () => {
      const result = await createIndex(database, wanted, name)
      toast(
        result === 'created' ? 'The index is created and is being built.' : 'This index is there already.',
      )
      setNames('')
      setName('')
      onDone()
    })
  }
  return (
    <form class="card-foot stack tight" onSubmit={submit}>
      <ErrorNotice error={error} />
      <div class="row">
        <div class="search">
          <Field label="Fields of a new index" hint="in their order, divided by commas">
            <TextInput value={names} onInput={setNames} list={list} placeholder="type, placed_at" />
          </Field>
          <datalist id={list}>
            {fields.map(field => (
              <option key={field} value={field} />
            ))}
          </datalist>
        </div>
        <div class="search">
          <Field label="Its name" hint="may be left empty">
            <TextInput value={name} onInput={setName} />
          </Field>
        </div>
      </div>
      <div>
        <Button type="submit" disabled={busy || wanted.length === 0}>
          Create index
        </Button>
      </div>
    </form>
  )
}
