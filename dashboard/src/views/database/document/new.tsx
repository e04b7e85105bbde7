import { useState } from 'preact/hooks'
import { putDocument, type Written } from '../../../api/documents.ts'
import { getJson, sendJson } from '../../../api/http.ts'
import { formatJsonText, memberOf, objectText, withoutMembers } from '../../../lib/json-text.ts'
import { apiPath, linkTo } from '../../../lib/location.ts'
import { CodeEditor } from '../../../ui/editor/code-editor.tsx'
import { navigate, useAction, useResource } from '../../../ui/hooks.ts'
import { Button, ErrorNotice, Loaded, Page } from '../../../ui/kit.tsx'
import { toast } from '../../../ui/toasts.tsx'
import { problemOf } from './problem.ts'

export function NewDocument({ database, template }: { database: string; template: string }) {
  const id = useResource(() => (template === '' ? newId() : Promise.resolve(template)), [template])
  return (
    <Page
      title="New document"
      crumbs={[
        { text: 'Databases', link: linkTo(['databases']) },
        { text: database, link: linkTo(['db', database]) },
      ]}
      lead="The id may be anything that does not begin with an underscore. In a partitioned database it is partition:id."
    >
      <Loaded resource={id}>{made => <Form database={database} id={made} />}</Loaded>
    </Page>
  )
}

async function newId(): Promise<string> {
  const { uuids } = await getJson<{ uuids: string[] }>('_uuids')
  return uuids[0] ?? ''
}

function Form({ database, id }: { database: string; id: string }) {
  const [text, setText] = useState(() =>
    formatJsonText(objectText([{ name: '_id', text: JSON.stringify(id) }])),
  )
  const { busy, error, run } = useAction()
  const problem = problemOf(text)
  const create = () => {
    if (problem !== undefined) return
    run(async () => {
      const written = await write(database, text)
      toast(`${written.id} is stored.`)
      navigate(linkTo(['db', database, 'doc', written.id]))
    })
  }
  return (
    <div class="stack tight">
      <ErrorNotice error={error} />
      <CodeEditor language="json" label="New document" value={text} onChange={setText} onSave={create} />
      <div class="row">
        <Button kind="primary" disabled={busy || problem !== undefined} onClick={create}>
          {busy ? 'Creating…' : 'Create document'}
        </Button>
        <span class="small problem" role="status">
          {problem ?? ''}
        </span>
      </div>
    </div>
  )
}

/** With an id the document is put at its place, so that none that is there is replaced; without, the node makes one. */
function write(database: string, text: string): Promise<Written> {
  const id = memberOf(text, '_id')
  if (id === undefined) return sendJson<Written>('POST', apiPath(database), { json: text })
  return putDocument(
    database,
    String(JSON.parse(id)),
    withoutMembers(text, name => name === '_id'),
  )
}
