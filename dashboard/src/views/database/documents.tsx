import { useState } from 'preact/hooks'
import { listRows, type RowPage } from '../../api/documents.ts'
import { formatCount } from '../../lib/format.ts'
import { apiPath, linkTo } from '../../lib/location.ts'
import { navigate, useResource } from '../../ui/hooks.ts'
import { Button, Check, Empty, Loaded, Select, TextInput } from '../../ui/kit.tsx'
import { Pager } from '../../ui/pager.tsx'
import { DocumentTable } from './document-table.tsx'
import type { DatabaseViewProps } from './props.ts'

const PAGE = 50

/** The lists of documents by id: all, one partition's, design and local documents. */
export function Documents({ database, place }: DatabaseViewProps) {
  const { kind = 'all', partition = '', from, bodies } = place.params
  const withBodies = bodies === 'true'
  const path = listPath(database, kind, partition)
  const prefix = place.params.prefix ?? ''
  const page = useResource(
    signal =>
      listRows(
        path,
        {
          limit: PAGE + 1,
          startkey: startKey(from ?? prefix),
          endkey: prefix === '' ? undefined : JSON.stringify(`${prefix}\ufff0`),
          include_docs: withBodies,
        },
        signal,
      ),
    [path, from, prefix, withBodies],
  )
  const link = (changes: Record<string, string | undefined>) =>
    linkTo(['db', database, 'docs'], { kind, partition, prefix, bodies, ...changes })
  const set = (changes: Record<string, string>) => navigate(link(changes), { replace: true })
  return (
    <div class="card">
      <div class="toolbar">
        <div>
          <Select
            label="Which documents"
            value={kind}
            onChange={value => set({ kind: value })}
            options={[
              ['all', 'All documents'],
              ['design', 'Design documents'],
              ['local', 'Local documents'],
              ['partition', 'One partition'],
            ]}
          />
        </div>
        {kind === 'partition' && (
          <div class="search">
            <TextInput
              label="Partition"
              placeholder="Partition"
              value={partition}
              onInput={value => set({ partition: value })}
            />
          </div>
        )}
        <div class="search">
          <TextInput
            type="search"
            label="Find documents whose id begins with"
            placeholder="Id begins with…"
            value={prefix}
            onInput={value => set({ prefix: value })}
          />
        </div>
        <Check checked={withBodies} onChange={value => set({ bodies: value ? 'true' : '' })}>
          Show bodies
        </Check>
        <OpenById database={database} />
      </div>
      {kind === 'partition' && partition === '' ? (
        <Empty title="Name a partition to see its documents." />
      ) : (
        <Loaded resource={page}>
          {data => <Rows database={database} page={data} prefix={prefix} link={link} from={from} />}
        </Loaded>
      )}
    </div>
  )
}

interface RowsProps {
  readonly database: string
  readonly page: RowPage
  readonly prefix: string
  readonly from: string | undefined
  readonly link: (changes: Record<string, string | undefined>) => string
}

function Rows({ database, page, prefix, from, link }: RowsProps) {
  const next = page.rows[PAGE]
  if (page.rows.length === 0) {
    return (
      <Empty title={prefix === '' ? 'There are no documents here yet.' : `No id begins with “${prefix}”.`} />
    )
  }
  return (
    <>
      <DocumentTable database={database} rows={page.rows.slice(0, PAGE)} columns={['id', 'rev']} />
      <Pager
        first={from === undefined ? undefined : link({})}
        next={next === undefined ? undefined : link({ from: next.id })}
      >
        {page.total !== undefined && `${formatCount(page.total)} in all`}
      </Pager>
    </>
  )
}

function OpenById({ database }: { database: string }) {
  const [id, setId] = useState('')
  const open = (event: Event) => {
    event.preventDefault()
    if (id !== '') navigate(linkTo(['db', database, 'doc', id]))
  }
  return (
    <form class="row" onSubmit={open}>
      <TextInput
        label="Open a document by its id"
        placeholder="Open by id…"
        value={id}
        onInput={setId}
        class="grow"
      />
      <Button type="submit">Open</Button>
    </form>
  )
}

function listPath(database: string, kind: string, partition: string): string {
  const path = apiPath(database)
  if (kind === 'design') return `${path}/_design_docs`
  if (kind === 'local') return `${path}/_local_docs`
  if (kind === 'partition' && partition !== '') return `${path}/_partition/${apiPath(partition)}/_all_docs`
  return `${path}/_all_docs`
}

function startKey(from: string): string | undefined {
  return from === '' ? undefined : JSON.stringify(from)
}
