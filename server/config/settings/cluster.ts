import type { Setting } from '../setting.ts'

/** Settings of `[cluster]`: a node of several that share one history, see docs/cluster.md. */
export const CLUSTER_SETTINGS = {
  cluster: {
    log: {
      kind: 'text',
      default: '',
      about:
        'URL of the log that the nodes share: `postgres://…` or `nats://…`; empty for a server of its own',
      restart: true,
      sensitive: true,
    },
    name: {
      kind: 'text',
      default: 'couchette',
      about: 'Name of the cluster, and of its log: small letters, digits and underscores',
      restart: true,
    },
    node: {
      kind: 'text',
      default: '',
      about: 'Name of this node; no other of the cluster has it',
      restart: true,
    },
    url: {
      kind: 'text',
      default: '',
      about: 'URL under which the other nodes reach this one; empty for the address that it listens on',
      restart: true,
    },
    cacert_file: {
      kind: 'text',
      default: '',
      about:
        "Authorities (PEM) of the certificates of nodes with `https://` in their `url`; empty for the system's",
      restart: true,
    },
    secret: {
      kind: 'text',
      default: '',
      about: 'Key by which the nodes know each other; written by `couchette cluster create` and `join`',
      restart: true,
      sensitive: true,
    },
    lease: {
      kind: 'integer',
      default: 3000,
      unit: 'milliseconds',
      min: 200,
      about: 'Silence of a leader after which another node tries to lead; the same on all nodes',
    },
    write_timeout: {
      kind: 'integer',
      default: 5000,
      unit: 'milliseconds',
      min: 100,
      about: 'How long a write waits for the log before it is answered with 503',
    },
    read_timeout: {
      kind: 'integer',
      default: 10_000,
      unit: 'milliseconds',
      min: 100,
      about: 'How long a request waits for this node to catch up before it is answered with 503',
    },
    reads: {
      kind: 'text',
      default: 'local',
      choices: ['local', 'fresh'],
      about: '`fresh`: every read first catches up with the leader; `local`: it shows what this node has',
    },
    max_lag: {
      kind: 'integer',
      default: 10_000,
      unit: 'milliseconds',
      about: 'How far this node may be behind the leader before `_up` answers 503',
    },
    jobs_timeout: {
      kind: 'integer',
      default: 10_000,
      unit: 'milliseconds',
      min: 1000,
      about: 'Silence of a member after which its jobs of `_replicator` databases go on at the others',
    },
    trim_entries: {
      kind: 'integer',
      default: 10_000,
      min: 1,
      about: 'Entries after which the leader removes those from the log that all members have',
    },
    trim_interval: {
      kind: 'integer',
      default: 5000,
      unit: 'milliseconds',
      min: 10,
      about: 'How often the leader looks whether there are entries to remove',
    },
    drop_behind: {
      kind: 'integer',
      default: 1_000_000,
      min: 1,
      about:
        'Entries that a member may lack; the log is kept no longer for one that lacks more: it must join again',
    },
    drop_after: {
      kind: 'integer',
      default: 86_400,
      unit: 'seconds',
      min: 1,
      about: 'Silence of a member after which the log is kept no longer for it: it must join again',
    },
    snapshot_hold: {
      kind: 'integer',
      default: 600_000,
      unit: 'milliseconds',
      min: 1000,
      about: 'How long the log is kept for a node that took a copy, since its last request for it',
    },
    join_timeout: {
      kind: 'integer',
      default: 60_000,
      unit: 'milliseconds',
      min: 1000,
      about: 'How long a node without databases tries to copy another before its start fails',
    },
  },
} as const satisfies Record<string, Record<string, Setting>>
