import { type JobState, type ReplicationJob, STATE_TONES, type StateTone } from './replication-job.ts'

/** The nodes that replications connect, and what runs between each two of them. */
export interface ReplicationMap {
  readonly nodes: readonly MapNode[]
  readonly arrows: readonly MapArrow[]
  readonly width: number
  readonly height: number
}

export interface MapNode {
  /** "db.example:5984" */
  readonly host: string
  readonly isSelf: boolean
  readonly x: number
  readonly y: number
}

export interface MapArrow {
  readonly from: string
  readonly to: string
  readonly jobs: readonly ReplicationJob[]
  /** Of the job that is worst off. */
  readonly tone: StateTone
  readonly pending: number
  readonly docsPerSecond: number
}

const WORST_FIRST: readonly JobState[] = [
  'failed',
  'crashing',
  'error',
  'stalled',
  'initializing',
  'pending',
  'running',
  'paused',
  'completed',
]

/** The host of this node's own address, and the names that it has on its own machine. */
export interface SelfNames {
  readonly self: string
  readonly aliases: readonly string[]
}

/** @param nodeUrl the address at which the node serves this page */
export function selfNamesOf(nodeUrl: string): SelfNames {
  const { host, port } = new URL(nodeUrl)
  // A URL's host has no port where it is the scheme's own.
  const end = port === '' ? '' : `:${port}`
  return { self: host, aliases: ['127.0.0.1', 'localhost', '[::1]'].map(name => name + end) }
}

/** Returns whether a database's URL, or its plain name, stands for a database of this node. */
export function isOnSelf(url: string, { self, aliases }: SelfNames): boolean {
  const host = hostOf(url, self)
  return host === self || aliases.includes(host)
}

/** The host of a database's URL; a plain name is a database of the node itself. */
export function hostOf(url: string, self: string): string {
  try {
    return new URL(url).host
  } catch {
    return self
  }
}

/** The database at the end of a URL, decoded: "orders" of "http://h:5984/orders/". */
export function databaseOf(url: string): string {
  const path = url.replace(/^\w+:\/\/[^/]*/, '').replace(/^\/|\/$/g, '')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const ROW = 84
const WIDTH = 760

/**
 * Lays the map out: this node in the middle, the others around it on an ellipse, in a stable order.
 *
 * @param self the host of this node, and others under which it is known
 */
export function layOutMap(
  jobs: readonly ReplicationJob[],
  self: string,
  aliases: readonly string[],
): ReplicationMap {
  const named = (url: string) => {
    const host = hostOf(url, self)
    return aliases.includes(host) ? self : host
  }
  const groups = new Map<string, ReplicationJob[]>()
  const hosts = new Set<string>([self])
  for (const job of jobs) {
    const [from, to] = [named(job.source), named(job.target)]
    hosts.add(from).add(to)
    const key = `${from} ${to}`
    groups.set(key, [...(groups.get(key) ?? []), job])
  }
  const others = [...hosts].filter(host => host !== self).sort()
  const height = Math.max(200, Math.min(640, 130 + Math.ceil(others.length / 2) * ROW))
  return {
    nodes: [
      { host: self, isSelf: true, x: WIDTH / 2, y: height / 2 },
      ...others.map((host, index) => ({ host, isSelf: false, ...around(index, others.length, height) })),
    ],
    arrows: [...groups].map(([key, members]) => {
      const [from = '', to = ''] = key.split(' ')
      return { from, to, ...summary(members) }
    }),
    width: WIDTH,
    height,
  }
}

function around(index: number, count: number, height: number): { x: number; y: number } {
  const angle = Math.PI + (index * 2 * Math.PI) / count
  return {
    x: WIDTH / 2 + Math.cos(angle) * (WIDTH / 2 - 110),
    y: height / 2 + Math.sin(angle) * (height / 2 - 44),
  }
}

function summary(jobs: readonly ReplicationJob[]): Omit<MapArrow, 'from' | 'to'> {
  const [worst] = [...jobs].sort((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state))
  return {
    jobs,
    tone: worst === undefined ? 'plain' : STATE_TONES[worst.state],
    pending: jobs.reduce((sum, { info }) => sum + (info.changes_pending ?? 0), 0),
    docsPerSecond: jobs.reduce((sum, { info }) => sum + (info.docs_per_second ?? 0), 0),
  }
}
