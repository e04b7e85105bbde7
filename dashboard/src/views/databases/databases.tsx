import { useState } from 'preact/hooks'
import { type DatabaseInfo, infosOf, listNames } from '../../api/databases.ts'
import { hasStatus } from '../../api/http.ts'
import { formatBytes, formatCount } from '../../lib/format.ts'
import { linkTo, type Place } from '../../lib/location.ts'
import { navigate, useResource } from '../../ui/hooks.ts'
import { Badge, Button, Empty, Field, Loaded, Page, TextInput } from '../../ui/kit.tsx'
import { Pager } from '../../ui/pager.tsx'
import { useSession } from '../../ui/session.tsx'
import { CreateDatabase } from './create-database.tsx'
import { Table } from '../../ui/table.tsx'

const PAGE = 100

interface DatabasePage {
  readonly rows: readonly { readonly name: string; readonly info: DatabaseInfo | undefined }[]
  readonly next: string | undefined
}

async function loadPage(
  prefix: string,
  from: string | undefined,
  signal: AbortSignal,
): Promise<DatabasePage> {
  const names = await listNames({ prefix, from, limit: PAGE + 1, signal })
  const shown = names.slice(0, PAGE)
  const infos = new Map((await infosOf(shown, signal)).map(({ key, info }) => [key, info]))
  return { rows: shown.map(name => ({ name, info: infos.get(name) })), next: names[PAGE] }
}

export default function Databases({ place }: { place: Place }) {
  const { prefix = '', from } = place.params
  const { admin } = useSession()
  const [creating, setCreating] = useState(false)
  const page = useResource(signal => loadPage(prefix, from, signal), [prefix, from], 15_000)
  const mayNotList = hasStatus(page.error, 401, 403)
  return (
    <Page
      title="Databases"
      actions={
        admin && (
          <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
            Create database
          </Button>
        )
      }
    >
      {creating && <CreateDatabase onClose={() => setCreating(false)} />}
      {mayNotList ? (
        <OpenByName />
      ) : (
        <div class="card">
          <div class="toolbar">
            <div class="search">
              <TextInput
                type="search"
                label="Find databases whose name begins with"
                placeholder="Name begins with…"
                value={prefix}
                onInput={text => navigate(linkTo(['databases'], { prefix: text }), { replace: true })}
              />
            </div>
          </div>
          <Loaded resource={page}>{data => <DatabaseTable page={data} prefix={prefix} />}</Loaded>
          {page.data !== undefined && (
            <Pager
              first={from === undefined ? undefined : linkTo(['databases'], { prefix })}
              next={
                page.data.next === undefined
                  ? undefined
                  : linkTo(['databases'], { prefix, from: page.data.next })
              }
            />
          )}
        </div>
      )}
    </Page>
  )
}

function DatabaseTable({ page, prefix }: { page: DatabasePage; prefix: string }) {
  if (page.rows.length === 0) {
    return prefix === '' ? (
      <Empty title="There are no databases yet.">Create the first one to store documents in it.</Empty>
    ) : (
      <Empty title={`No database begins with “${prefix}”.`} />
    )
  }
  return (
    <Table
      columns={[
        'Name',
        ['Documents', 'number'],
        ['Deleted', 'number hide-small'],
        ['Size on disk', 'number'],
        ['Update sequence', 'number hide-small'],
        'State',
      ]}
    >
      {page.rows.map(({ name, info }) => (
        <tr key={name}>
          <td class="break">
            <a href={linkTo(['db', name])}>{name}</a>
          </td>
          {info === undefined ? (
            <td colSpan={5} class="muted">
              It was deleted just now, or cannot be read.
            </td>
          ) : (
            <InfoCells info={info} />
          )}
        </tr>
      ))}
    </Table>
  )
}

function InfoCells({ info }: { info: DatabaseInfo }) {
  return (
    <>
      <td class="number">{formatCount(info.doc_count)}</td>
      <td class="number hide-small">{formatCount(info.doc_del_count)}</td>
      <td class="number nowrap">{formatBytes(info.sizes.file)}</td>
      <td class="number hide-small">{formatCount(Number.parseInt(String(info.update_seq), 10))}</td>
      <td>
        <div class="row">
          {info.props.partitioned === true && <Badge>Partitioned</Badge>}
          {info.compact_running && <Badge tone="info">Compacting</Badge>}
          {(info.sizes.conflicts ?? 0) > 0 && (
            <Badge tone="warn">{formatCount(info.sizes.conflicts ?? 0)} in conflict</Badge>
          )}
        </div>
      </td>
    </>
  )
}

/** For users who may not list the databases of the server. */
function OpenByName() {
  const [name, setName] = useState('')
  const open = (event: Event) => {
    event.preventDefault()
    navigate(linkTo(['db', name]))
  }
  return (
    <div class="card pad">
      <form class="stack" onSubmit={open}>
        <p>
          Only administrators may list the databases of this server. Open one that you may use by its name.
        </p>
        <Field label="Database">
          <TextInput value={name} onInput={setName} required />
        </Field>
        <div>
          <Button type="submit" kind="primary">
            Open
          </Button>
        </div>
      </form>
    </div>
  )
}
