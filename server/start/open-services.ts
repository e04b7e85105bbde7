import { Authenticator } from '../auth/authenticator.ts'
import { AutoCompaction } from '../compaction/auto-compaction.ts'
import { clusterCondition, clusterFamilies } from '../cluster/service/cluster-report.ts'
import { ClientLimits } from '../concurrency/client-limits.ts'
import { Credentials } from '../credentials/credentials.ts'
import { conflictFamilies } from '../conflicts/conflict-families.ts'
import { bodyLimits, BodyMemory } from '../http/request/body-memory.ts'
import { unreadLimits } from '../http/response/unread-limits.ts'
import { UnreadAnswers } from '../http/response/unread-answers.ts'
import { componentLog } from '../log/log.ts'
import { reportLogins } from '../log/report-logins.ts'
import { meshFamilies } from '../mesh/mesh-families.ts'
import { Uuids } from '../node/uuids.ts'
import { SERVER_HEADER } from '../node/version.ts'
import { Observability } from '../observability/observability.ts'
import type { BoundAddress } from '../replication/own-url.ts'
import { Retention } from '../retention/retention.ts'
import type { Services } from '../services.ts'
import type { Disposal } from './disposal.ts'
import type { DatabaseParts } from './open-databases.ts'
import type { NodeParts } from './open-node.ts'
import { openReplication } from './open-replication.ts'
import { createWorkQueues, type WorkQueues } from './work-queues.ts'

/** Facts about a server that its services ask for later. */
export interface ServerFacts {
  /** Returns the address that the server listens on; empty before it does. */
  readonly address: () => BoundAddress & { readonly url: string }
  /** Returns the end of the certificate's validity; undefined without TLS. */
  readonly certificateEnds: () => Date | undefined
  readonly restart: (() => void) | undefined
}

/** Makes the services that the routes use. Nothing runs yet: the replicator is started when the server listens. */
export function openServices(
  node: NodeParts,
  databases: DatabaseParts,
  facts: ServerFacts,
  disposal: Disposal,
): Services {
  const { config, log, logTail, metrics, tracing } = node
  const { catalog, attachments, backups, queries, conflicts, feeds, users, live, cluster, fronts } = databases
  const credentials = new Credentials(catalog, databases.secrets)
  const authenticator = new Authenticator(config, users, metrics)
  reportLogins(authenticator, { config, metrics, log: componentLog(log, 'auth') })
  const replication = openReplication(node, databases, { credentials, authenticator, address: facts.address })
  const { replicator, mesh } = replication
  const queues = createWorkQueues(config)
  const maintenance = openMaintenance(node, databases, queues, disposal)
  const bodies = new BodyMemory(() => bodyLimits(config), fronts?.count('bodies'))
  const unreadAnswers = new UnreadAnswers(() => unreadLimits(config), fronts?.count('unread'))
  const { retention } = maintenance
  const observed = { authenticator, replicator, queues, retention, bodies, unreadAnswers, mesh }
  return {
    catalog,
    cluster,
    attachments,
    backups,
    config,
    credentials,
    log: componentLog(log, 'http'),
    logTail,
    tracing,
    observability: observe(node, databases, observed, facts),
    uuid: config.text('couchdb', 'uuid'),
    ...replication,
    quorum: mesh.quorum,
    serverHeader: SERVER_HEADER,
    restart: facts.restart,
    metrics,
    bodies,
    unreadAnswers,
    clientLimits: fronts?.clientLimits ?? new ClientLimits(),
    live,
    queries,
    conflicts,
    queryQueue: queues.queries,
    readQueue: queues.reads,
    filterQueue: queues.filters,
    scanQueue: queues.scans,
    comparisonQueue: queues.comparisons,
    compactionQueue: queues.compactions,
    ...maintenance,
    feeds,
    uuids: new Uuids(config),
    authenticator,
  }
}

/** Makes the parts that change databases by themselves, as long as this node may write. */
function openMaintenance(
  { config, log }: NodeParts,
  { catalog, queries, cluster }: DatabaseParts,
  queues: WorkQueues,
  disposal: Disposal,
): Pick<Services, 'autoCompaction' | 'retention'> {
  const mayWrite = (): boolean => cluster?.isLeader !== false
  const autoCompaction = new AutoCompaction({
    catalog,
    queries,
    config,
    queue: queues.compactions,
    log: componentLog(log, 'compaction'),
    mayWrite,
  })
  disposal.add(() => autoCompaction.close())
  const retention = new Retention({ catalog, config, log: componentLog(log, 'retention'), mayWrite })
  disposal.add(() => retention.close())
  return { autoCompaction, retention }
}

function observe(
  { config, metrics, health }: NodeParts,
  { catalog, queries, conflicts, feeds, fronts, cluster, largeTrees }: DatabaseParts,
  parts: Pick<
    Services,
    'authenticator' | 'replicator' | 'retention' | 'bodies' | 'unreadAnswers' | 'mesh'
  > & {
    queues: WorkQueues
  },
  { certificateEnds }: ServerFacts,
): Observability {
  const observability = new Observability({
    config,
    metrics,
    health,
    catalog,
    queries,
    largeTrees,
    feeds: {
      get count() {
        return feeds.count + (fronts?.feeds ?? 0)
      },
    },
    ...parts,
    certificateEnds,
    cluster: () => (cluster === undefined ? null : clusterCondition(cluster)),
  })
  observability.add(() => conflictFamilies(catalog))
  observability.add(() => conflicts.families())
  observability.add(() => parts.retention.families())
  observability.add(() => meshFamilies(parts.mesh))
  if (cluster !== undefined) observability.add(() => clusterFamilies(cluster))
  return observability
}
