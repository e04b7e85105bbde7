import type { JSX } from 'preact'
import { databaseInfo } from '../../api/databases.ts'
import { getJson, hasStatus } from '../../api/http.ts'
import { apiPath, linkTo, type Place } from '../../lib/location.ts'
import { isDatabaseAdmin } from '../../lib/rights.ts'
import { useResource } from '../../ui/hooks.ts'
import { Empty, ErrorNotice, Page } from '../../ui/kit.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { useSession } from '../../ui/session.tsx'
import { NotFound } from '../not-found.tsx'
import { Changes } from './changes.tsx'
import { Conflicts } from './conflicts.tsx'
import { Designs } from './designs.tsx'
import { Document } from './document/document.tsx'
import { Documents } from './documents.tsx'
import { DatabaseHeader } from './header.tsx'
import { Permissions } from './permissions.tsx'
import type { DatabaseViewProps } from './props.ts'
import { Query } from './query.tsx'

/** A database and what is in it: `#/db/NAME/VIEW/…`. */
export default function Database({ place }: { place: Place }) {
  const [, database = '', view = 'docs'] = place.segments
  const { user } = useSession()
  const security = useResource(
    signal => getJson<unknown>(`${apiPath(database)}/_security`, { signal }).catch(() => undefined),
    [database],
  )
  const mayAdminister = isDatabaseAdmin(user, security.data)
  const info = useResource(signal => databaseInfo(database, signal), [database], 15_000)
  if (view === 'doc')
    return (
      <Document
        key={place.segments.join('/')}
        database={database}
        place={place}
        mayAdminister={mayAdminister}
      />
    )
  if (hasStatus(info.error, 404)) {
    return (
      <Page title={database} crumbs={[{ text: 'Databases', link: linkTo(['databases']) }]}>
        <div class="card">
          <Empty title="There is no database of this name.">
            It may have been deleted. <a href={linkTo(['databases'])}>See the databases that there are</a>
          </Empty>
        </div>
      </Page>
    )
  }
  const tabs = TABS.filter(({ adminsOnly }) => mayAdminister || adminsOnly !== true)
  const Tab = tabs.find(({ id }) => id === view)
  return (
    <>
      <DatabaseHeader database={database} info={info} />
      <Tabs
        current={view}
        items={tabs.map(({ id, text }) => [id, text, linkTo(['db', database, id])] as const)}
      />
      {info.error !== undefined && <ErrorNotice error={info.error} retry={info.reload} />}
      {Tab === undefined ? (
        <NotFound />
      ) : (
        <Tab.View database={database} place={place} mayAdminister={mayAdminister} />
      )}
    </>
  )
}

const TABS: readonly {
  id: string
  text: string
  adminsOnly?: true
  View: (props: DatabaseViewProps) => JSX.Element
}[] = [
  { id: 'docs', text: 'Documents', View: Documents },
  { id: 'query', text: 'Query', View: Query },
  { id: 'design', text: 'Views', View: Designs },
  { id: 'changes', text: 'Live feed', View: Changes },
  { id: 'conflicts', text: 'Conflicts', View: Conflicts },
  { id: 'permissions', text: 'Permissions', adminsOnly: true, View: Permissions },
]
