import type { StreamConfig, StreamInfo } from '@nats-io/jetstream'

/** Oldest NATS server whose clustered compare-and-set and synced writes are relied upon. */
const OLDEST: readonly [major: number, minor: number] = [2, 15]

/** Names of a log's stream and subjects. */
export interface StreamNames {
  readonly stream: string
  readonly entries: string
  /** Not kept by the stream: tells readers up to where appends were acknowledged. */
  readonly acknowledged: string
}

export function streamNames(name: string): StreamNames {
  const prefix = `couchette.log.${name}`
  return {
    stream: `couchette_log_${name}`,
    entries: `${prefix}.entries`,
    acknowledged: `${prefix}.acknowledged`,
  }
}

/** Returns the configuration of a stream that keeps everything until it is trimmed. */
export function streamConfig(
  { stream, entries }: StreamNames,
  replicas: number,
): Partial<StreamConfig> & { name: string } {
  return {
    name: stream,
    description:
      'The log of a Couchette cluster. Its messages are the history of the databases: delete none.',
    subjects: [entries],
    storage: 'file',
    retention: 'limits',
    // Where a limit is set, a full stream refuses entries rather than forget old ones.
    discard: 'new',
    num_replicas: replicas,
    max_age: 0,
    max_msgs: -1,
    max_bytes: -1,
    max_msgs_per_subject: -1,
    allow_direct: true,
    allow_rollup_hdrs: false,
    // Trimming purges what all members have; single messages are never deleted, so that positions have no holes.
    deny_delete: true,
    deny_purge: false,
  }
}

/** Facts of a server that decide what a stream must be. */
export interface ServerFacts {
  readonly version: string
  readonly isClustered: boolean
}

/**
 * Returns why a stream must not hold a log: it may forget entries that it acknowledged, or take others than those that were
 * appended.
 *
 * @returns a sentence that says what to change; undefined for a stream that keeps everything
 */
export function streamProblem(
  { config, state }: Pick<StreamInfo, 'config' | 'state'>,
  { version, isClustered }: ServerFacts,
  names: StreamNames,
): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])
  if (isOld) return `NATS server ${version} is too old: version ${OLDEST.join('.')} or later is needed`
  const found = problems(config, isClustered, names).find(({ is }) => is)
  if (found !== undefined) return `the stream ${names.stream} may lose entries: ${found.because}`
  const lost = state.lost as { msgs?: readonly number[] | null } | undefined | null
  if ((lost?.msgs?.length ?? 0) > 0)
    return `the stream ${names.stream} has lost messages, as its server says: restore it, or start a new log`
  return undefined
}

/** Each setting that could lose an entry, with what is wrong with it. */
function problems(
  config: StreamConfig,
  isClustered: boolean,
  { entries }: StreamNames,
): readonly { readonly is: boolean; readonly because: string }[] {
  const unlimited = (limit: number | undefined): boolean => limit === undefined || limit <= 0
  return [
    { is: config.storage !== 'file', because: 'its storage is memory; it must be file' },
    { is: config.retention !== 'limits', because: `its retention is ${config.retention}; it must be limits` },
    { is: config.discard !== 'new', because: 'its discard policy is old; it must be new' },
    { is: config.max_age > 0, because: 'it has a max_age; it must have none' },
    {
      is: !unlimited(config.max_msgs_per_subject),
      because: 'it has a max_msgs_per_subject; it must have none',
    },
    {
      is: isClustered && config.num_replicas < 3,
      because: `it has ${config.num_replicas} replica on a clustered server; it must have 3 or 5`,
    },
    {
      is: (config.persist_mode as string | undefined) === 'async',
      because: 'its persist_mode is async; it must be default',
    },
    { is: config.no_ack === true, because: 'it has no_ack; appends must be acknowledged' },
    { is: config.sealed, because: 'it is sealed, and takes no entries' },
    {
      is: config.allow_rollup_hdrs,
      because: 'it has allow_rollup_hdrs, with which a message removes others',
    },
    { is: !config.deny_delete, because: 'it lacks deny_delete, so that single messages can be deleted' },
    { is: config.allow_msg_ttl === true, because: 'it has allow_msg_ttl, with which messages expire' },
    {
      is: config.subject_delete_marker_ttl !== undefined && config.subject_delete_marker_ttl > 0,
      because: 'it has a subject_delete_marker_ttl; it must have none',
    },
    {
      is: config.allow_msg_counter,
      because: 'it has allow_msg_counter, with which messages are changed',
    },
    {
      is: config.allow_msg_schedules === true,
      because: 'it has allow_msg_schedules, with which messages come later',
    },
    {
      is: config.mirror !== undefined || (config.sources?.length ?? 0) > 0,
      because: 'it mirrors another stream or has sources; entries must come from its subject alone',
    },
    {
      is: config.subject_transform !== undefined && config.subject_transform.src !== '',
      because: 'it has a subject_transform; it must have none',
    },
    {
      is: config.subjects.length !== 1 || config.subjects[0] !== entries,
      because: `its subjects are ${config.subjects.join(', ')}; it must have ${entries} alone`,
    },
    { is: !config.allow_direct, because: 'it lacks allow_direct, with which entries are read' },
  ]
}
