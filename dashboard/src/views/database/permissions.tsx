import { useEffect, useState } from 'preact/hooks'
import { getText, request } from '../../api/http.ts'
import { apiPath } from '../../lib/location.ts'
import { formatJsonText, memberOf, membersOf, objectText, withMember } from '../../lib/json-text.ts'
import { stringsOf } from '../../lib/merge-leaves.ts'
import { CodeEditor } from '../../ui/editor/code-editor.tsx'
import { useAction, useResource } from '../../ui/hooks.ts'
import { Button, ErrorNotice, Field, Loaded, Notice, TextInput } from '../../ui/kit.tsx'
import { toast } from '../../ui/toasts.tsx'
import { problemOf } from './document/problem.ts'
import type { DatabaseViewProps } from './props.ts'

/** Editor of a database's `_security` object. */
export function Permissions({ database }: DatabaseViewProps) {
  const security = useResource(signal => getText(`${apiPath(database)}/_security`, { signal }), [database])
  return (
    <Loaded resource={security}>
      {text => <Form database={database} stored={formatJsonText(text.trim())} onSaved={security.reload} />}
    </Loaded>
  )
}

interface FormProps {
  readonly database: string
  readonly stored: string
  readonly onSaved: () => void
}

function Form({ database, stored, onSaved }: FormProps) {
  const [draft, setDraft] = useState(stored)
  const { busy, error, run } = useAction()
  useEffect(() => setDraft(stored), [stored])
  const problem = problemOf(draft)
  const save = (event?: Event) => {
    event?.preventDefault()
    run(async () => {
      await request('PUT', `${apiPath(database)}/_security`, { json: draft })
      toast('The permissions are saved, and hold from now on.')
      onSaved()
    })
  }
  return (
    <form class="stack" onSubmit={save}>
      {problem === undefined && <Summary text={draft} />}
      {problem === undefined && (
        <div class="columns">
          <Group
            title="Members"
            about="read and write documents"
            group="members"
            text={draft}
            onChange={setDraft}
          />
          <Group
            title="Administrators"
            about="also write design documents and these permissions"
            group="admins"
            text={draft}
            onChange={setDraft}
          />
        </div>
      )}
      <details open={problem !== undefined}>
        <summary>The whole object</summary>
        <CodeEditor
          language="json"
          label="Security object"
          value={draft}
          onChange={setDraft}
          onSave={save}
          minHeight="120px"
        />
      </details>
      <ErrorNotice error={error} />
      <div class="row">
        <Button type="submit" kind="primary" disabled={busy || problem !== undefined || draft === stored}>
          Save permissions
        </Button>
        <span class="small problem" role="status">
          {problem ?? ''}
        </span>
      </div>
    </form>
  )
}

function Summary({ text }: { text: string }) {
  const members = [...listIn(text, 'members', 'names'), ...listIn(text, 'members', 'roles')]
  if (members.length === 0) {
    return (
      <Notice tone="warn">
        Everybody who reaches this node may read and write this database: no member is named.
      </Notice>
    )
  }
  if (members.length === 1 && members[0] === '_admin') {
    return <Notice>Only administrators of the server may use this database.</Notice>
  }
  return <Notice>Only the members and administrators named here may use this database.</Notice>
}

interface GroupProps {
  readonly title: string
  readonly about: string
  readonly group: 'members' | 'admins'
  readonly text: string
  readonly onChange: (text: string) => void
}

function Group({ title, about, group, text, onChange }: GroupProps) {
  const field = (list: 'names' | 'roles', label: string) => (
    <Field label={`${title}: ${label}`} hint="divided by commas">
      <ListInput
        values={listIn(text, group, list)}
        onChange={values => onChange(formatJsonText(withList(text, group, list, values)))}
      />
    </Field>
  )
  return (
    <fieldset class="card">
      <div class="card-head">
        <h2>{title}</h2>
        <span class="muted small">{about}</span>
      </div>
      <div class="card-body stack tight">
        {field('names', 'users')}
        {field('roles', 'roles')}
      </div>
    </fieldset>
  )
}

/** Keeps what is typed, such as a comma at the end, while its values are what is stored. */
function ListInput({
  values,
  onChange,
}: {
  values: readonly string[]
  onChange: (values: string[]) => void
}) {
  const joined = values.join(', ')
  const [typed, setTyped] = useState(joined)
  useEffect(() => {
    if (parseList(typed).join(', ') !== joined) setTyped(joined)
  }, [joined])
  const input = (text: string) => {
    setTyped(text)
    onChange(parseList(text))
  }
  return <TextInput value={typed} onInput={input} />
}

function parseList(text: string): string[] {
  return text
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
}

function listIn(text: string, group: string, list: string): string[] {
  const object = memberOf(text, group)
  const values = object?.startsWith('{') === true ? memberOf(object, list) : undefined
  return values?.startsWith('[') === true ? stringsOf(values) : []
}

function withList(text: string, group: string, list: string, values: readonly string[]): string {
  const object = memberOf(text, group)
  const members = object?.startsWith('{') === true ? membersOf(object) : []
  return withMember(text, group, withMember(objectText(members), list, JSON.stringify(values)))
}
