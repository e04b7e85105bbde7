import type { Setting } from '../setting.ts'

/** Settings of `[couchette]` about the peers of replications: limits of their answers, hosts, jobs. */
export const PEER_SETTINGS = {
  source_silence_timeout: {
    kind: 'integer',
    default: 30_000,
    unit: 'milliseconds',
    about: 'Silence of a source after which its replication is reported',
    restart: true,
  },
  credentials_key_file: {
    kind: 'text',
    default: '',
    about:
      'Key of `_credentials`: a file with 64 hexadecimal digits; empty for `credentials.key` in the data directory',
    restart: true,
  },
  failed_job_retention: {
    kind: 'integer',
    default: 600_000,
    unit: 'milliseconds',
    about: 'How long a `_replicate` job that was given up stays listed in `_scheduler/jobs`',
    restart: true,
  },
  replication_allowed_hosts: {
    kind: 'list',
    default: [],
    about:
      'Hosts that replications may reach: `db.example.org`, `*.example.org`, `10.1.2.3`, `10.0.0.0/8`; empty for all',
  },
  replication_denied_hosts: {
    kind: 'list',
    default: [],
    about: 'Hosts that replications may not reach, whatever is allowed; written likewise',
  },
  max_peer_answer: {
    kind: 'integer',
    default: 16 * 1024 * 1024,
    unit: 'bytes',
    about: "Longest JSON answer of a replication's peer",
  },
  max_peer_values: {
    kind: 'integer',
    default: 500_000,
    min: 1000,
    about: "Most values of a JSON answer of a replication's peer, containers and what is in them",
  },
  max_peer_document: {
    kind: 'integer',
    default: 64 * 1024 * 1024,
    unit: 'bytes',
    about: 'Longest document that a peer may send, without attachments that follow it',
  },
  delta_min_size: {
    kind: 'integer',
    default: 4096,
    unit: 'bytes',
    min: 0,
    about: 'Shortest document that is sent as a delta to another Couchette, without attachments',
  },
  delta_max_size: {
    kind: 'integer',
    default: 4 * 1024 * 1024,
    unit: 'bytes',
    min: 0,
    about: 'Longest document that is sent as a delta; 0 neither sends nor takes deltas',
  },
  max_broker_line: {
    kind: 'integer',
    default: 64 * 1024,
    unit: 'bytes',
    about:
      "Longest line of a NATS server's protocol; `max_peer_document` bounds a message of NATS and an answer of Kafka",
  },
  max_peer_row: {
    kind: 'integer',
    default: 8 * 1024 * 1024,
    unit: 'bytes',
    about: "Longest row of a peer's changes feed",
  },
  max_peer_memory: {
    kind: 'integer',
    default: 256 * 1024 * 1024,
    unit: 'bytes',
    about: 'Memory of all incomplete answers of peers together; past it large ones are tried again later',
  },
} as const satisfies Record<string, Setting>
