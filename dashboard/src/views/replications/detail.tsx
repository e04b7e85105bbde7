import { useEffect, useState } from 'preact/hooks'
import {
  getReplication,
  listFailures,
  pauseReplication,
  resumeReplication,
  retryFailures,
  retryReplication,
} from '../../api/replications.ts'
import { hasStatus } from '../../api/http.ts'
import { formatBytes, formatCount } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import {
  adviceFor,
  type ReplicationJob,
  sentenceFor,
  STATE_TONES,
  STATE_WORDS,
} from '../../lib/replication-job.ts'
import { ratesOf, type Sample, withSample } from '../../lib/samples.ts'
import { useAction, useResource } from '../../ui/hooks.ts'
import {
  Ago,
  Badge,
  Button,
  Empty,
  ErrorNotice,
  Figure,
  LinkButton,
  Loaded,
  Notice,
  Page,
} from '../../ui/kit.tsx'
import { useSession } from '../../ui/session.tsx'
import { ChartFigure } from '../../ui/sparkline.tsx'
import { toast } from '../../ui/toasts.tsx'
import { DivergenceCard } from './divergence.tsx'
import { Table } from '../../ui/table.tsx'

const REFRESH_MS = 2000

export function ReplicationDetail({ database, id }: { database: string; id: string }) {
  const job = useResource(signal => getReplication(database, id, signal), [database, id], REFRESH_MS)
  const { user } = useSession()
  const action = useAction()
  const act = (what: () => Promise<void>, done: string) =>
    action.run(async () => {
      await what()
      toast(done)
      job.reload()
    })
  const state = job.data?.state
  const hasEnded = state === 'paused' || state === 'failed' || state === 'completed'
  return (
    <Page
      title={id}
      crumbs={[{ text: 'Replications', link: linkTo(['replications']) }]}
      actions={
        state !== undefined && (
          <>
            {(state === 'crashing' || state === 'error' || state === 'stalled') && (
              <Button
                kind="primary"
                icon="refresh"
                disabled={action.busy}
                onClick={() => act(() => retryReplication(database, id, user.name), 'It is started again.')}
              >
                Retry now
              </Button>
            )}
            {hasEnded ? (
              <Button
                kind="primary"
                disabled={action.busy}
                onClick={() => act(() => resumeReplication(database, id), 'It is started.')}
              >
                {state === 'paused' ? 'Resume' : 'Run again'}
              </Button>
            ) : (
              <Button
                disabled={action.busy}
                onClick={() => act(() => pauseReplication(database, id, user.name), 'It is paused.')}
              >
                Pause
              </Button>
            )}
            <LinkButton href={linkTo(['db', database, 'doc', id])}>Edit its document</LinkButton>
          </>
        )
      }
    >
      <div class="stack">
        <ErrorNotice error={action.error} />
        {hasStatus(job.error, 404) && job.data === undefined ? (
          <div class="card">
            <Empty title="There is no replication of this name." />
          </div>
        ) : (
          <Loaded resource={job}>
            {data => (data === undefined ? <Empty title="It is gone." /> : <Job job={data} />)}
          </Loaded>
        )}
      </div>
    </Page>
  )
}

function Job({ job }: { job: ReplicationJob }) {
  const { info, state } = job
  const advice = info.error === undefined ? undefined : adviceFor(info.error)
  return (
    <>
      <div class="card pad stack tight">
        <div class="row">
          <Badge tone={STATE_TONES[state]}>{STATE_WORDS[state]}</Badge>
          <span>{sentenceFor(job)}</span>
        </div>
        <dl class="pair">
          <dt>From</dt>
          <dd>{job.source}</dd>
          <dt>To</dt>
          <dd>{job.target}</dd>
          <dt>Started</dt>
          <dd>
            <Ago time={job.startTime} />
          </dd>
          <dt>Caught up</dt>
          <dd>
            <Ago time={info.last_caught_up} />
          </dd>
        </dl>
      </div>
      {info.error !== undefined && state !== 'paused' && (
        <Notice tone={STATE_TONES[state] === 'bad' ? 'bad' : 'warn'}>
          {advice !== undefined && <p>{advice}</p>}
          <p class="small break">{info.error}</p>
        </Notice>
      )}
      <Figures job={job} />
      {(info.doc_write_failures ?? 0) > 0 && job.database !== null && job.docId !== null && (
        <Failures database={job.database} id={job.docId} />
      )}
      {info.divergence !== undefined && <DivergenceCard divergence={info.divergence} />}
      <History job={job} />
    </>
  )
}

interface Charts {
  readonly written: readonly Sample[]
  readonly bytes: readonly Sample[]
  readonly pending: readonly Sample[]
}

function Figures({ job }: { job: ReplicationJob }) {
  const { info } = job
  const [charts, setCharts] = useState<Charts>({ written: [], bytes: [], pending: [] })
  useEffect(() => {
    const now = Date.now()
    setCharts(before => ({
      written: withSample(before.written, info.docs_written ?? 0, now),
      bytes: withSample(before.bytes, info.bytes_written ?? 0, now),
      pending: withSample(before.pending, info.changes_pending ?? 0, now),
    }))
  }, [job])
  return (
    <dl class="figures">
      <ChartFigure label="Changes pending" series={charts.pending} format={formatCount} />
      <ChartFigure
        label="Documents written per second"
        series={ratesOf(charts.written)}
        format={value => formatCount(Math.round(value))}
      />
      <ChartFigure
        label="Written per second"
        series={ratesOf(charts.bytes)}
        format={value => formatBytes(Math.round(value))}
      />
      <Figure label="Documents written" note={`${formatCount(info.docs_read ?? 0)} read`}>
        {formatCount(info.docs_written ?? 0)}
      </Figure>
      <Figure label="Refused by the target">{formatCount(info.doc_write_failures ?? 0)}</Figure>
      {info.divergence !== undefined && (
        <Figure label="Documents that differ">{formatCount(info.divergence.documents)}</Figure>
      )}
    </dl>
  )
}

function Failures({ database, id }: { database: string; id: string }) {
  const failures = useResource(signal => listFailures(database, id, signal), [database, id], 10_000)
  const { busy, error, run } = useAction()
  const retry = () =>
    run(async () => {
      await retryFailures(database, id)
      toast('The documents were offered again.')
      failures.reload()
    })
  return (
    <section class="card" aria-label="Refused documents">
      <div class="card-head">
        <h2>Documents that the target refused</h2>
        <Button small disabled={busy} onClick={retry}>
          Offer them again
        </Button>
      </div>
      <ErrorNotice error={error} />
      <Loaded resource={failures}>
        {({ failures: rows }) => (
          <Table columns={['Document', 'Revision', 'Why', 'Last try']}>
            {rows.map(row => (
              <tr key={`${row.id} ${row.rev}`}>
                <td class="break">{row.id}</td>
                <td class="break">
                  <code>{row.rev}</code>
                </td>
                <td class="break">
                  {[row.status, row.error, row.reason].filter(part => part !== undefined).join(' ')}
                </td>
                <td>
                  <Ago time={row.last} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
    </section>
  )
}

function History({ job: { history } }: { job: ReplicationJob }) {
  if (history.length === 0) return null
  return (
    <section class="card" aria-label="History">
      <div class="card-head">
        <h2>History</h2>
      </div>
      <Table columns={['When', 'What', 'Why']}>
        {history.map(({ timestamp, type, reason }, index) => (
          <tr key={index}>
            <td class="nowrap">
              <Ago time={timestamp} />
            </td>
            <td>
              <Badge tone={type === 'crashed' ? 'bad' : type === 'started' ? 'good' : 'plain'}>{type}</Badge>
            </td>
            <td class="break">{reason}</td>
          </tr>
        ))}
      </Table>
    </section>
  )
}
