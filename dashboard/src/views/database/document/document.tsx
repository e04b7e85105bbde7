import { documentText } from '../../../api/documents.ts'
import { hasStatus } from '../../../api/http.ts'
import { linkTo } from '../../../lib/location.ts'
import { useResource } from '../../../ui/hooks.ts'
import { Empty, Loaded, Page } from '../../../ui/kit.tsx'
import { Tabs } from '../../../ui/tabs.tsx'
import type { DatabaseViewProps } from '../props.ts'
import { Attachments } from './attachments.tsx'
import { EditDocument } from './edit.tsx'
import { NewDocument } from './new.tsx'
import { Revisions } from './revisions.tsx'
import { ResolveConflict } from './resolve.tsx'

/** One document: `#/db/NAME/doc/ID/VIEW`. */
export function Document({ database, place }: DatabaseViewProps) {
  const [, , , id = '', view = 'edit'] = place.segments
  if (id === '') return <NewDocument database={database} template={place.params.id ?? ''} />
  return <ExistingDocument database={database} id={id} view={view} params={place.params} />
}

interface ExistingProps {
  readonly database: string
  readonly id: string
  readonly view: string
  readonly params: Readonly<Record<string, string>>
}

function ExistingDocument({ database, id, view, params }: ExistingProps) {
  const document = useResource(
    signal => documentText(database, id, { conflicts: true, rev: params.rev }, signal),
    [database, id, params.rev],
  )
  const isLocal = id.startsWith('_local/')
  const link = (name: string) => linkTo(['db', database, 'doc', id, name])
  const tabs = [
    ['edit', 'Document', linkTo(['db', database, 'doc', id])],
    ['attachments', 'Attachments', link('attachments')],
    ['revisions', 'Revisions', link('revisions')],
    ['conflicts', 'Conflicts', link('conflicts')],
  ] as const
  const isGone = hasStatus(document.error, 404) && view !== 'revisions'
  return (
    <Page
      title={id}
      crumbs={[
        { text: 'Databases', link: linkTo(['databases']) },
        { text: database, link: linkTo(['db', database]) },
      ]}
    >
      {!isLocal && <Tabs current={view} items={tabs} />}
      {isGone ? (
        <Gone database={database} id={id} />
      ) : view === 'revisions' ? (
        <Revisions database={database} id={id} params={params} />
      ) : view === 'conflicts' ? (
        <ResolveConflict database={database} id={id} />
      ) : (
        <Loaded resource={document}>
          {text =>
            view === 'attachments' ? (
              <Attachments database={database} id={id} text={text} onChange={document.reload} />
            ) : (
              <EditDocument
                database={database}
                id={id}
                text={text}
                rev={params.rev}
                onSaved={document.reload}
              />
            )
          }
        </Loaded>
      )}
    </Page>
  )
}

function Gone({ database, id }: { database: string; id: string }) {
  return (
    <div class="card">
      <Empty title="This document does not exist, or is deleted.">
        <a href={linkTo(['db', database, 'doc', id, 'revisions'])}>See whether it has revisions</a>
        <a href={linkTo(['db', database, 'doc', ''], { id })}>Write a new document with this id</a>
      </Empty>
    </div>
  )
}
