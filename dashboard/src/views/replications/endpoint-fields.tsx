import { useId } from 'preact/hooks'
import type { Endpoint } from '../../api/replications.ts'
import { listNames } from '../../api/databases.ts'
import { NODE_URL } from '../../api/http.ts'
import { apiPath } from '../../lib/location.ts'
import { useResource, useSettled } from '../../ui/hooks.ts'
import { Button, Field, TextInput } from '../../ui/kit.tsx'

/** One side of a replication as it is typed in. */
export interface EndForm {
  readonly where: 'here' | 'elsewhere'
  readonly database: string
  readonly url: string
  readonly name: string
  readonly password: string
}

export const EMPTY_END: EndForm = { where: 'here', database: '', url: '', name: '', password: '' }

export function endpointOf({ where, database, url, name, password }: EndForm): Endpoint {
  return { url: where === 'here' ? NODE_URL + apiPath(database) : url.trim(), name, password }
}

interface EndpointProps {
  readonly title: string
  readonly value: EndForm
  readonly onChange: (value: EndForm) => void
}

export function EndpointFields({ title, value, onChange }: EndpointProps) {
  const set = (changes: Partial<EndForm>) => onChange({ ...value, ...changes })
  return (
    <fieldset class="card">
      <div class="card-head">
        <h2 id={`end-${title}`}>{title}</h2>
        <span class="segmented" role="group" aria-labelledby={`end-${title}`}>
          <Button small pressed={value.where === 'here'} onClick={() => set({ where: 'here' })}>
            This node
          </Button>
          <Button small pressed={value.where === 'elsewhere'} onClick={() => set({ where: 'elsewhere' })}>
            Another node
          </Button>
        </span>
      </div>
      <div class="card-body stack tight">
        {value.where === 'here' ? (
          <DatabaseField title={title} value={value.database} onInput={database => set({ database })} />
        ) : (
          <Field label={`${title}: address`} hint="with the database at its end">
            <TextInput
              type="url"
              value={value.url}
              onInput={url => set({ url })}
              required
              placeholder="https://couch.example.org/orders"
            />
          </Field>
        )}
        <Field
          label={`${title}: name`}
          hint={value.where === 'here' ? 'of a user of this node' : 'when it wants one'}
        >
          <TextInput value={value.name} onInput={name => set({ name })} />
        </Field>
        <Field label={`${title}: password`}>
          <TextInput
            type="password"
            autocomplete="new-password"
            value={value.password}
            onInput={password => set({ password })}
          />
        </Field>
      </div>
    </fieldset>
  )
}

function DatabaseField({
  title,
  value,
  onInput,
}: {
  title: string
  value: string
  onInput: (value: string) => void
}) {
  const list = useId()
  const prefix = useSettled(value)
  const names = useResource(signal => listNames({ prefix, limit: 20, signal }), [prefix])
  return (
    <Field label={`${title}: database`}>
      <TextInput value={value} onInput={onInput} required list={list} />
      <datalist id={list}>
        {(names.data ?? []).map(name => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </Field>
  )
}
