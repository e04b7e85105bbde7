import { Fragment } from 'preact'
import { NODE_URL } from '../../api/http.ts'
import { listReplications } from '../../api/replications.ts'
import { formatAgo, formatBytes, formatCount, plural } from '../../lib/format.ts'
import { linkTo, type Place } from '../../lib/location.ts'
import {
  countStates,
  type JobState,
  matchesFilter,
  type ReplicationJob,
  STATE_TONES,
  STATE_WORDS,
} from '../../lib/replication-job.ts'
import { databaseOf, hostOf, isOnSelf, selfNamesOf } from '../../lib/replication-map.ts'
import { navigate, useResource } from '../../ui/hooks.ts'
import { Badge, Button, Empty, LinkButton, Loaded, Page, TextInput } from '../../ui/kit.tsx'
import { Pager } from '../../ui/pager.tsx'
import { ReplicationMapPicture } from './map.tsx'
import { Table } from '../../ui/table.tsx'

const PAGE = 100
const REFRESH_MS = 3000

export function ReplicationList({ place }: { place: Place }) {
  const jobs = useResource(listReplications, [], REFRESH_MS)
  return (
    <Page
      title="Replications"
      actions={
        <LinkButton kind="primary" icon="plus" href={linkTo(['replications', 'new'])}>
          Create replication
        </LinkButton>
      }
    >
      <Loaded resource={jobs}>
        {all =>
          all.length === 0 ? (
            <div class="card">
              <Empty title="Nothing is replicated yet.">
                A replication copies a database from or to another node, once or for good.
              </Empty>
            </div>
          ) : (
            <div class="stack">
              <ReplicationMapPicture jobs={all} />
              <JobTable jobs={all} place={place} />
            </div>
          )
        }
      </Loaded>
    </Page>
  )
}

function JobTable({ jobs, place }: { jobs: readonly ReplicationJob[]; place: Place }) {
  const { text = '', state = '', page = '0' } = place.params
  const states = state === '' ? [] : [state as JobState]
  const found = jobs.filter(job => matchesFilter(job, { text, states }))
  const start = Number(page) * PAGE || 0
  const link = (changes: Record<string, string>) => linkTo(['replications'], { text, state, ...changes })
  return (
    <section class="card" aria-label="Jobs">
      <div class="toolbar">
        <div class="search">
          <TextInput
            type="search"
            label="Find replications by document, source, target or error"
            placeholder="Document, source, target or error…"
            value={text}
            onInput={value => navigate(link({ text: value }), { replace: true })}
          />
        </div>
        <div class="row" role="group" aria-label="State">
          {[...countStates(jobs)].map(([name, count]) => (
            <Button
              key={name}
              small
              pressed={state === name}
              onClick={() => navigate(link({ state: state === name ? '' : name }), { replace: true })}
            >
              {STATE_WORDS[name]} <Badge tone={STATE_TONES[name]}>{formatCount(count)}</Badge>
            </Button>
          ))}
        </div>
      </div>
      {found.length === 0 ? (
        <Empty title="No replication matches." />
      ) : (
        <Rows jobs={found.slice(start, start + PAGE)} />
      )}
      <Pager
        first={start === 0 ? undefined : link({})}
        next={found.length > start + PAGE ? link({ page: String(Number(page) + 1) }) : undefined}
      >
        {plural(found.length, 'replication')}
      </Pager>
    </section>
  )
}

function Rows({ jobs }: { jobs: readonly ReplicationJob[] }) {
  return (
    <Table
      columns={[
        'Replication',
        'From',
        'To',
        'State',
        ['Pending', 'number'],
        ['Docs/s', 'number hide-small'],
        ['Written', 'number hide-small'],
        ['Caught up', 'hide-small'],
      ]}
    >
      {jobs.map(job => (
        <Row key={job.key} job={job} />
      ))}
    </Table>
  )
}

function Row({ job }: { job: ReplicationJob }) {
  const { info, docId, database, id } = job
  return (
    <tr>
      <td class="break">
        {docId !== null && database !== null ? (
          <a href={linkTo(['replications', 'job', database, docId])}>{docId}</a>
        ) : (
          <span title={id ?? ''}>Asked for by _replicate</span>
        )}
      </td>
      <End url={job.source} />
      <End url={job.target} />
      <td>
        <Badge tone={STATE_TONES[job.state]}>{STATE_WORDS[job.state]}</Badge>
        {info.error !== undefined && <div class="small muted break">{info.error}</div>}
      </td>
      <td class="number">{info.changes_pending == null ? '' : formatCount(info.changes_pending)}</td>
      <td class="number hide-small">
        {info.docs_per_second === undefined ? '' : formatCount(Math.round(info.docs_per_second))}
      </td>
      <td class="number hide-small nowrap">
        {info.docs_written === undefined ? '' : formatCount(info.docs_written)}
        {info.bytes_written !== undefined && <div class="small muted">{formatBytes(info.bytes_written)}</div>}
      </td>
      <td class="hide-small nowrap">
        {info.last_caught_up == null ? '' : formatAgo(new Date(info.last_caught_up))}
      </td>
    </tr>
  )
}

function End({ url }: { url: string }) {
  return (
    <td class="break" title={url}>
      {databaseOf(url)}
      <div class="small muted">
        {isOnSelf(url, selfNamesOf(NODE_URL)) ? 'this node' : <Host host={hostOf(url, '')} />}
      </div>
    </td>
  )
}

/** A host that wraps between its parts only: never within a number or a word. */
function Host({ host }: { host: string }) {
  return host.split(/(?<=\.)|(?=:)/).map((part, index) => (
    <Fragment key={index}>
      <wbr />
      <span class="nowrap">{part}</span>
    </Fragment>
  ))
}
