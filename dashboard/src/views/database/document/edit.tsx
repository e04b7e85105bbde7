import { useEffect, useState } from 'preact/hooks'
import { deleteDocument, putDocument } from '../../../api/documents.ts'
import { hasStatus } from '../../../api/http.ts'
import { plural } from '../../../lib/format.ts'
import { formatJsonText, memberOf, membersOf, withoutMembers } from '../../../lib/json-text.ts'
import { linkTo } from '../../../lib/location.ts'
import { ConfirmButton } from '../../../ui/confirm-button.tsx'
import { CodeEditor } from '../../../ui/editor/code-editor.tsx'
import { navigate, useAction } from '../../../ui/hooks.ts'
import { Button, ErrorNotice, Notice } from '../../../ui/kit.tsx'
import { toast } from '../../../ui/toasts.tsx'
import { problemOf } from './problem.ts'

interface EditProps {
  readonly database: string
  readonly id: string
  /** The document as the server sent it, with `_conflicts`. */
  readonly text: string
  /** An older revision or a losing leaf that is looked at. */
  readonly rev: string | undefined
  readonly onSaved: () => void
}

/** Members that the server adds to a document when it is read, and that are not edited. */
const TOLD = new Set(['_conflicts', '_deleted_conflicts', '_revisions', '_revs_info', '_local_seq'])

export function EditDocument({ database, id, text, rev, onSaved }: EditProps) {
  const stored = formatJsonText(withoutMembers(text, name => TOLD.has(name)))
  const [draft, setDraft] = useState(stored)
  const { busy, error, run, clear } = useAction()
  useEffect(() => setDraft(stored), [stored])
  const problem = problemOf(draft)
  const isChanged = draft !== stored
  useUnsavedWarning(isChanged)
  const save = () => {
    if (problem !== undefined || !isChanged) return
    run(async () => {
      const written = await putDocument(database, id, draft)
      toast(`Saved as revision ${written.rev}.`)
      if (rev === undefined) onSaved()
      else navigate(linkTo(['db', database, 'doc', id]))
    })
  }
  const remove = () =>
    run(async () => {
      await deleteDocument(database, id, JSON.parse(memberOf(text, '_rev') ?? '""') as string)
      toast(`${id} is deleted.`)
      navigate(linkTo(['db', database]))
    })
  return (
    <div class="stack tight">
      <Conflicts database={database} id={id} text={text} />
      {rev !== undefined && (
        <Notice>
          This is revision <code>{rev}</code>.{' '}
          <a href={linkTo(['db', database, 'doc', id])}>Go to the current one</a>
        </Notice>
      )}
      <ErrorNotice error={error} />
      {hasStatus(error, 409) && (
        <div>
          <Button onClick={() => (clear(), onSaved())}>Load the newer revision and lose what I wrote</Button>
        </div>
      )}
      <CodeEditor language="json" label={`Document ${id}`} value={draft} onChange={setDraft} onSave={save} />
      <div class="row between">
        <span class="row">
          <Button kind="primary" disabled={busy || problem !== undefined || !isChanged} onClick={save}>
            {busy ? 'Saving…' : 'Save'}
          </Button>
          <Button disabled={problem !== undefined} onClick={() => setDraft(formatJsonText(draft))}>
            Format
          </Button>
          {isChanged && <Button onClick={() => setDraft(stored)}>Discard changes</Button>}
          <span class={problem === undefined ? 'muted small' : 'small problem'} role="status">
            {problem ?? (isChanged ? 'There are changes that are not saved.' : '')}
          </span>
        </span>
        <ConfirmButton text="Delete document" confirm="Really delete it" disabled={busy} onConfirm={remove} />
      </div>
    </div>
  )
}

function Conflicts({ database, id, text }: { database: string; id: string; text: string }) {
  const conflicts = membersOf(text).find(({ name }) => name === '_conflicts')
  if (conflicts === undefined) return null
  const { length } = JSON.parse(conflicts.text) as string[]
  return (
    <Notice tone="warn">
      <div class="row between">
        <span>
          This document is in conflict: {plural(length, 'other revision')} {length === 1 ? 'lives' : 'live'}{' '}
          beside the one that you see.
        </span>
        <a class="button small" href={linkTo(['db', database, 'doc', id, 'conflicts'])}>
          Resolve the conflict
        </a>
      </div>
    </Notice>
  )
}

function useUnsavedWarning(isChanged: boolean): void {
  useEffect(() => {
    if (!isChanged) return undefined
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [isChanged])
}
