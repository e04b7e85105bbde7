import type { Attention } from './attention.ts'
import { formatCount, plural } from './format.ts'
import { linkTo } from './location.ts'

/** Conditions that a node reports in `_health`; what an older one does not report is absent. */
export interface NodeConditions {
  readonly store?: {
    readonly state: string
    readonly reason: string | null
    readonly damaged_reads: number
    readonly damaged_tables: readonly string[]
    readonly missing_at_start: readonly string[]
  } | null
  readonly certificate?: { readonly not_after: string } | null
  readonly logins?: { readonly locked: number }
  readonly compactions?: { readonly failures: number }
  readonly index_builds?: { readonly failures: number }
  readonly retention?: { readonly held_back: number; readonly refused: number; readonly failed: number }
  readonly large_trees?: {
    readonly documents: number
    readonly largest: readonly { readonly database: string; readonly id: string; readonly leaves: number }[]
  }
  readonly configuration?: { readonly findings: number }
  /** Null of a server that is no node of a cluster. */
  readonly cluster?: {
    readonly state: string
    readonly reason: string | null
    readonly credentials_key_differs?: boolean
    readonly silent: readonly string[]
    readonly too_far_behind: readonly string[]
  } | null
}

const DAY_MS = 86_400_000
const CERTIFICATE_DAYS = 14

const OPERATIONS = { link: linkTo(['operations']), action: 'See the log' }

/** Returns what of a node's conditions needs a person. */
export function nodeItems(node: NodeConditions | undefined, now = Date.now()): Attention[] {
  if (node === undefined) return []
  return [
    ...storeItems(node.store),
    ...clusterItems(node.cluster),
    ...certificateItems(node.certificate, now),
    ...retentionItems(node.retention),
    ...treeItems(node.large_trees),
    ...countItems(node),
  ]
}

function storeItems(store: NodeConditions['store']): Attention[] {
  if (store == null) return []
  const items: Attention[] = []
  if (store.state !== 'healthy')
    items.push({
      tone: 'bad',
      title: 'The store takes no writes',
      text: store.reason ?? 'It is being opened again.',
      ...OPERATIONS,
    })
  if (store.missing_at_start.length > 0)
    items.push({
      tone: 'bad',
      title: 'Data was missing when the server started',
      text: store.missing_at_start.join(' '),
      ...OPERATIONS,
    })
  if (store.damaged_tables.length > 0)
    items.push({
      tone: 'bad',
      title: 'A table of the store was changed on disk',
      text: store.damaged_tables.join(' '),
      ...OPERATIONS,
    })
  if (store.damaged_reads > 0)
    items.push({
      tone: 'bad',
      title: 'Stored data is damaged',
      text: `Reads that failed for it since the start: ${formatCount(store.damaged_reads)}. \`couchette check\` lists what is damaged, \`couchette restore-damaged\` mends it.`,
      ...OPERATIONS,
    })
  return items
}

const CLUSTER_TITLES: Readonly<Record<string, string>> = {
  stopped: 'This node has left the history of its cluster',
  no_log: 'The log of the cluster does not answer',
  no_leader: 'No node leads the cluster',
}

function clusterItems(cluster: NodeConditions['cluster']): Attention[] {
  if (cluster == null) return []
  const { state, reason, silent, too_far_behind: lost } = cluster
  const items: Attention[] = []
  const title = CLUSTER_TITLES[state]
  if (title !== undefined)
    items.push({
      tone: 'bad',
      title,
      text: reason ?? 'Writes are answered with 503 until one does.',
      ...OPERATIONS,
    })
  else if (reason !== null)
    items.push({ tone: 'warn', title: 'This node is behind its cluster', text: reason, ...OPERATIONS })
  if (cluster.credentials_key_differs === true)
    items.push({
      tone: 'bad',
      title: "The key of credentials is not the cluster's",
      text: 'Jobs on this node cannot use credentials. Stop it, copy `credentials.key` from the leader, and start it.',
      ...OPERATIONS,
    })
  if (lost.length > 0)
    items.push({
      tone: 'bad',
      title: `${plural(lost.length, 'node')} of the cluster must join again`,
      text: `The log no longer has what ${lost.join(', ')} lacks: empty its data directory, and run \`couchette cluster join\`.`,
      ...OPERATIONS,
    })
  if (silent.length > 0)
    items.push({
      tone: 'warn',
      title: `${plural(silent.length, 'node')} of the cluster ${silent.length === 1 ? 'is' : 'are'} silent`,
      text: `The leader has not heard of ${silent.join(', ')}. \`couchette cluster remove\` takes away one that will not come back.`,
      ...OPERATIONS,
    })
  return items
}

function certificateItems(certificate: NodeConditions['certificate'], now: number): Attention[] {
  if (certificate == null) return []
  const days = Math.floor((Date.parse(certificate.not_after) - now) / DAY_MS)
  if (days >= CERTIFICATE_DAYS) return []
  return [
    {
      tone: days < 0 ? 'bad' : 'warn',
      title:
        days < 0
          ? "The server's certificate has expired"
          : `The server's certificate ends in ${plural(days, 'day')}`,
      text: 'Clients refuse connections without a valid one. Put a new one in its place, and restart the server.',
      link: linkTo(['configuration']),
      action: 'See the settings',
    },
  ]
}

function retentionItems(retention: NodeConditions['retention']): Attention[] {
  if (retention === undefined) return []
  const { failed, refused, held_back: heldBack } = retention
  const rows: [number, Attention['tone'], string, string][] = [
    [
      failed,
      'bad',
      'retention fails',
      'Tombstones and documents whose time is over stay. The log has the reason.',
    ],
    [
      refused,
      'warn',
      'documents past their time cannot be deleted',
      'A validation function refuses it. The log names them.',
    ],
    [
      heldBack,
      'warn',
      'tombstones wait for a peer',
      'A registered peer has not seen them yet, and may never come back.',
    ],
  ]
  return rows
    .filter(([count]) => count > 0)
    .map(([count, tone, what, text]) => ({
      tone,
      title: `In ${plural(count, 'database')} ${what}`,
      text,
      link: linkTo(['databases']),
      action: 'See the databases',
    }))
}

function treeItems(trees: NodeConditions['large_trees']): Attention[] {
  const [first] = trees?.largest ?? []
  if (trees === undefined || first === undefined) return []
  return [
    {
      tone: 'warn',
      title: `${plural(trees.documents, 'document')} with a large revision tree`,
      text: `Each edit of one costs more than that of others. The largest is ${first.id} in ${first.database}, with ${plural(first.leaves, 'leaf', 'leaves')}.`,
      link: linkTo(['db', first.database, 'conflicts']),
      action: 'See its database',
    },
  ]
}

function countItems({
  logins,
  compactions,
  index_builds: builds,
  configuration,
}: NodeConditions): Attention[] {
  const rows: [number, string, string][] = [
    [logins?.locked ?? 0, 'Accounts are locked after failed logins', 'Names that are locked now'],
    [compactions?.failures ?? 0, 'Compactions have failed', 'Since the start'],
    [builds?.failures ?? 0, 'Builds of indexes have failed', 'Since the start'],
    [configuration?.findings ?? 0, 'Settings do not do what they say', '`couchette check-config` lists them'],
  ]
  return rows
    .filter(([count]) => count > 0)
    .map(([count, title, what]) => ({
      tone: 'warn',
      title,
      text: `${what}: ${formatCount(count)}.`,
      ...OPERATIONS,
    }))
}
