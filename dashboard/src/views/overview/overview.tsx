import { infosOf, listNames } from '../../api/databases.ts'
import { hasStatus } from '../../api/http.ts'
import { counters, groupText, health, metricsText, systemState, welcome } from '../../api/node.ts'
import { listReplications } from '../../api/replications.ts'
import { findAttention } from '../../lib/attention.ts'
import { conflictsOfMetrics } from '../../lib/conflict-metrics.ts'
import { formatBytes, formatCount, formatDuration } from '../../lib/format.ts'
import { nodeItems } from '../../lib/node-attention.ts'
import { linkTo, type Place } from '../../lib/location.ts'
import { countStates, type ReplicationJob, STATE_TONES, STATE_WORDS } from '../../lib/replication-job.ts'
import { useResource } from '../../ui/hooks.ts'
import { Badge, Empty, Figure, Loaded, Page } from '../../ui/kit.tsx'
import { useSession } from '../../ui/session.tsx'
import { AttentionList } from './attention-list.tsx'
import { DatabaseSummary } from './database-summary.tsx'

const REFRESH_MS = 5000
/** Maximum number of databases on this page: opening ten thousand to show their sizes would cost the node minutes. */
const MOST_DATABASES = 200

/** The node at a glance, with what needs attention first. */
export default function Overview(_: { place: Place }) {
  const { admin } = useSession()
  const node = useResource(welcome, [])
  const { data } = node
  return (
    <Page
      title={location.host}
      lead={
        data === undefined
          ? '\u00a0'
          : `${data.vendor.name} ${data.vendor.version ?? ''}, which answers as CouchDB ${data.version}`
      }
    >
      {admin ? <AdminOverview /> : <UserOverview />}
    </Page>
  )
}

function UserOverview() {
  return (
    <div class="card">
      <Empty title="You are signed in.">
        <a href={linkTo(['databases'])}>Open a database</a>
      </Empty>
    </div>
  )
}

async function readNode(signal: AbortSignal) {
  const [counted, state, system] = await Promise.all([counters(signal), health(signal), systemState(signal)])
  return { counters: counted, health: state, uptime: system.uptime }
}

async function readDatabases(signal: AbortSignal) {
  const [names, metrics] = await Promise.all([
    listNames({ limit: MOST_DATABASES + 1, signal }),
    metricsText(signal),
  ])
  const listed = await infosOf(names.slice(0, MOST_DATABASES), signal)
  const infos = listed.flatMap(({ info }) => (info === undefined ? [] : [info]))
  return {
    infos,
    isPart: names.length > MOST_DATABASES,
    // The metrics name all databases with conflicts, beyond the listed ones too, and tell their age.
    conflicts:
      metrics === undefined
        ? infos.map(({ db_name, sizes }) => ({ name: db_name, conflicts: sizes.conflicts ?? 0 }))
        : conflictsOfMetrics(metrics),
  }
}

function AdminOverview() {
  const node = useResource(readNode, [], REFRESH_MS)
  const databases = useResource(readDatabases, [], REFRESH_MS * 4)
  const jobs = useResource(listReplications, [], REFRESH_MS)
  const groups = useResource(
    async signal => ({
      mesh: await groupText('_mesh', signal),
      cluster: await groupText('_cluster', signal),
    }),
    [],
  )
  const items = findAttention({
    jobs: jobs.data ?? [],
    databases: databases.data?.conflicts ?? [],
    disk: node.data?.health?.disk ?? undefined,
    loopDelayMs: node.data?.health?.event_loop_delay_ms.p99,
    node: nodeItems(node.data?.health),
  })
  return (
    <div class="stack">
      <AttentionList items={items} isComplete={jobs.data !== undefined && node.data !== undefined} />
      <Loaded resource={node}>
        {({ counters: counted, health: state, uptime }) => (
          <dl class="figures">
            <Figure label="Running for">{formatDuration(uptime * 1000)}</Figure>
            <Figure label="Requests answered">{formatCount(counted.requests)}</Figure>
            <Figure label="Documents written">{formatCount(counted.documentWrites)}</Figure>
            <Figure label="Live feeds">{formatCount(counted.feeds)}</Figure>
            <Figure
              label="Time of a request"
              note={`99th percentile ${formatDuration(counted.requestTime.p99)}`}
            >
              {formatDuration(counted.requestTime.median)}
            </Figure>
            {state !== undefined && <Figure label="Memory">{formatBytes(state.memory.resident)}</Figure>}
            {state?.disk != null && (
              <Figure label="Disk space left" note={`of ${formatBytes(state.disk.total)}`}>
                {formatBytes(state.disk.free)}
              </Figure>
            )}
          </dl>
        )}
      </Loaded>
      {(jobs.data !== undefined || hasStatus(jobs.error, 0)) && <Jobs jobs={jobs.data ?? []} />}
      <Loaded resource={databases}>
        {data => <DatabaseSummary infos={data.infos} isPart={data.isPart} />}
      </Loaded>
      {groups.data?.mesh !== undefined && <Group title="Mesh" text={groups.data.mesh} />}
      {groups.data?.cluster !== undefined && <Group title="Cluster" text={groups.data.cluster} />}
    </div>
  )
}

function Jobs({ jobs }: { jobs: readonly ReplicationJob[] }) {
  return (
    <section class="card" aria-label="Replications by state">
      <div class="card-head">
        <h2>Replications</h2>
        <a href={linkTo(['replications'])}>See all</a>
      </div>
      <div class="card-body row">
        {jobs.length === 0 && <span class="muted">Nothing is replicated.</span>}
        {[...countStates(jobs)].map(([state, count]) => (
          <a key={state} href={linkTo(['replications'], { state })}>
            <Badge tone={STATE_TONES[state]}>
              {STATE_WORDS[state]}: {formatCount(count)}
            </Badge>
          </a>
        ))}
      </div>
    </section>
  )
}

function Group({ title, text }: { title: string; text: string }) {
  return (
    <section class="card" aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
      </div>
      <pre class="code" tabIndex={0}>
        {text}
      </pre>
    </section>
  )
}
