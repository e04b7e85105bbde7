import { useState } from 'preact/hooks'
import { compactDatabase, type DatabaseInfo, deleteDatabase } from '../../api/databases.ts'
import { formatBytes, formatCount, plural } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import { navigate, type Resource, useAction } from '../../ui/hooks.ts'
import { Badge, Button, Dialog, ErrorNotice, Field, LinkButton, Page, TextInput } from '../../ui/kit.tsx'
import { useSession } from '../../ui/session.tsx'
import { toast } from '../../ui/toasts.tsx'

/** A database's name, figures and actions. */
export function DatabaseHeader({ database, info }: { database: string; info: Resource<DatabaseInfo> }) {
  const { admin } = useSession()
  const [deleting, setDeleting] = useState(false)
  const compaction = useAction()
  const compact = () =>
    compaction.run(async () => {
      await compactDatabase(database)
      toast('The compaction has begun.')
      info.reload()
    })
  const { data } = info
  return (
    <Page
      title={database}
      crumbs={[{ text: 'Databases', link: linkTo(['databases']) }]}
      lead={data === undefined ? '\u00a0' : <Summary info={data} />}
      actions={
        <>
          <LinkButton kind="primary" icon="plus" href={linkTo(['db', database, 'doc', ''])}>
            New document
          </LinkButton>
          {admin && (
            <>
              <Button onClick={compact} disabled={compaction.busy || data?.compact_running === true}>
                Compact
              </Button>
              <Button kind="danger" icon="trash" onClick={() => setDeleting(true)}>
                Delete
              </Button>
            </>
          )}
        </>
      }
    >
      <ErrorNotice error={compaction.error} />
      {deleting && <DeleteDatabase database={database} info={data} onClose={() => setDeleting(false)} />}
    </Page>
  )
}

function Summary({ info }: { info: DatabaseInfo }) {
  return (
    <span class="row">
      {plural(info.doc_count, 'document')}, {formatCount(info.doc_del_count)} deleted,{' '}
      {formatBytes(info.sizes.file)} on disk ({formatBytes(info.sizes.active)} in use)
      {info.props.partitioned === true && <Badge>Partitioned</Badge>}
      {info.compact_running && <Badge tone="info">Compacting</Badge>}
    </span>
  )
}

interface DeleteProps {
  readonly database: string
  readonly info: DatabaseInfo | undefined
  readonly onClose: () => void
}

function DeleteDatabase({ database, info, onClose }: DeleteProps) {
  const [typed, setTyped] = useState('')
  const { busy, error, run } = useAction()
  const submit = (event: Event) => {
    event.preventDefault()
    run(async () => {
      await deleteDatabase(database)
      toast(`${database} is deleted.`)
      navigate(linkTo(['databases']))
    })
  }
  return (
    <Dialog title={`Delete ${database}?`} onClose={onClose}>
      <form class="stack" style={{ padding: 0 }} onSubmit={submit}>
        <ErrorNotice error={error} />
        <p>
          All of it goes for good: {info === undefined ? 'its documents' : plural(info.doc_count, 'document')}
          , their attachments and indexes. Copies on other nodes stay as they are.
        </p>
        <Field label="Type the database's name to confirm">
          <TextInput value={typed} onInput={setTyped} autofocus />
        </Field>
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="danger" icon="trash" disabled={busy || typed !== database}>
            Delete this database
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
