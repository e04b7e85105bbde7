import { adviceFor, type ReplicationJob, sentenceFor, STATE_WORDS, TROUBLED } from './replication-job.ts'
import { formatBytes, formatCount, formatDuration, plural } from './format.ts'
import { linkTo } from './location.ts'

/** Something that needs a person, with the place where it can be dealt with. */
export interface Attention {
  readonly tone: 'bad' | 'warn'
  readonly title: string
  readonly text: string
  readonly link: string
  /** The label of the action: "Retry", "Resolve". */
  readonly action: string
}

export interface DatabaseConflicts {
  readonly name: string
  readonly conflicts: number
  /** Age of the oldest conflict in milliseconds, where the node tells. */
  readonly oldestMs?: number | undefined
}

export interface Situation {
  readonly jobs: readonly ReplicationJob[]
  readonly databases: readonly DatabaseConflicts[]
  readonly disk: { readonly total: number; readonly free: number } | undefined
  /** Delay of the event loop, 99th percentile in milliseconds. */
  readonly loopDelayMs: number | undefined
  /** Items for what the node reports of itself. */
  readonly node?: readonly Attention[]
}

const MOST_JOBS = 8
const LOW_DISK = 0.1
const VERY_LOW_DISK = 0.03
const LATE_LOOP_MS = 250

/** Returns what needs attention, most urgent first: what is lost or stands still before what only grows. */
export function findAttention({ jobs, databases, disk, loopDelayMs, node = [] }: Situation): Attention[] {
  const items = [
    ...node,
    ...diskItems(disk),
    ...replicationItems(jobs),
    ...divergenceItems(jobs),
    ...conflictItems(databases),
    ...loopItems(loopDelayMs),
  ]
  return [...items.filter(({ tone }) => tone === 'bad'), ...items.filter(({ tone }) => tone === 'warn')]
}

function diskItems(disk: Situation['disk']): Attention[] {
  if (disk === undefined || disk.free / disk.total > LOW_DISK) return []
  return [
    {
      tone: disk.free / disk.total > VERY_LOW_DISK ? 'warn' : 'bad',
      title: `The disk is nearly full: ${formatBytes(disk.free)} are left`,
      text: 'Writes fail when it is full. Compact large databases, or give it more space.',
      link: linkTo(['databases']),
      action: 'See the databases',
    },
  ]
}

function replicationItems(jobs: readonly ReplicationJob[]): Attention[] {
  const troubled = jobs
    .filter(({ state }) => TROUBLED.includes(state))
    .sort((a, b) => TROUBLED.indexOf(a.state) - TROUBLED.indexOf(b.state))
  const shown = troubled.slice(0, MOST_JOBS).map((job): Attention => {
    const error = job.info.error
    return {
      tone: job.state === 'stalled' ? 'warn' : 'bad',
      title: `Replication ${job.docId ?? job.id ?? ''}: ${STATE_WORDS[job.state].toLowerCase()}`,
      text: [error === undefined ? undefined : adviceFor(error), error ?? sentenceFor(job)]
        .filter(part => part !== undefined)
        .join(' '),
      link:
        job.docId !== null && job.database !== null
          ? linkTo(['replications', 'job', job.database, job.docId])
          : linkTo(['replications'], { state: job.state }),
      action: job.state === 'failed' ? 'Run again' : 'Retry',
    }
  })
  if (troubled.length <= MOST_JOBS) return shown
  const more = troubled.length - MOST_JOBS
  return [
    ...shown,
    {
      tone: 'bad',
      title: `${plural(more, 'more replication')} failing or stalled`,
      text: 'The list of replications can be filtered by state.',
      link: linkTo(['replications'], { state: 'crashing' }),
      action: 'See them',
    },
  ]
}

function divergenceItems(jobs: readonly ReplicationJob[]): Attention[] {
  return jobs
    .filter(({ info }) => (info.divergence?.documents ?? 0) > 0)
    .slice(0, MOST_JOBS)
    .map(({ docId, database, info }) => ({
      tone: 'bad',
      title: `Replication ${docId ?? ''}: the two sides differ`,
      text: `Documents that differ and do not become equal by themselves: ${formatCount(info.divergence?.documents ?? 0)}.`,
      link:
        docId === null
          ? linkTo(['replications'])
          : linkTo(['replications', 'job', database ?? '_replicator', docId]),
      action: 'See why',
    }))
}

/** The database whose oldest conflict has waited longest comes first. */
function conflictItems(databases: Situation['databases']): Attention[] {
  return databases
    .filter(({ conflicts }) => conflicts > 0)
    .sort((a, b) => (b.oldestMs ?? 0) - (a.oldestMs ?? 0) || b.conflicts - a.conflicts)
    .slice(0, MOST_JOBS)
    .map(({ name, conflicts, oldestMs }) => ({
      tone: 'warn',
      title: `${plural(conflicts, 'document')} in conflict in ${name}`,
      text: [
        oldestMs === undefined ? undefined : `The oldest came about ${formatDuration(oldestMs)} ago.`,
        'Each has revisions side by side of which readers see one only.',
      ]
        .filter(part => part !== undefined)
        .join(' '),
      link: linkTo(['db', name, 'conflicts']),
      action: 'Resolve',
    }))
}

function loopItems(delay: number | undefined): Attention[] {
  if (delay === undefined || delay < LATE_LOOP_MS) return []
  return [
    {
      tone: 'warn',
      title: `The node is busy: its event loop is late by ${formatDuration(delay)}`,
      text: 'Requests wait that long before anything is done for them.',
      link: linkTo(['operations']),
      action: 'See the figures',
    },
  ]
}
