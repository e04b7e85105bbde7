import type { Setting } from '../setting.ts'

/** Settings of work beside requests: databases of users, compaction, metrics. */
export const OPERATION_SETTINGS = {
  couch_peruser: {
    enable: {
      kind: 'boolean',
      default: false,
      about: 'Makes a database for each user, which only they may use',
    },
    delete_dbs: { kind: 'boolean', default: false, about: "Deletes a user's database with the user" },
    database_prefix: {
      kind: 'text',
      default: 'userdb-',
      about: "Beginning of the databases' names; the rest is the user's name in hex",
    },
    q: {
      kind: 'integer',
      default: 1,
      min: 1,
      about: '`q` of these databases, which is shown and nothing else',
    },
  },
  backup: {
    max_idle: {
      kind: 'integer',
      default: 600_000,
      min: 1000,
      unit: 'milliseconds',
      about: 'A backup whose client asks for nothing for so long is given up, and its copy removed',
    },
  },
  smoosh: {
    db_channels: {
      kind: 'list',
      default: ['upgrade_dbs', 'ratio_dbs', 'slack_dbs'],
      about:
        'Channels that databases are offered to, in order; empty: databases are not compacted automatically',
    },
    view_channels: {
      kind: 'list',
      default: ['upgrade_views', 'ratio_views', 'slack_views'],
      about: 'The same for indexes',
    },
    staleness: {
      kind: 'integer',
      default: 5,
      unit: 'minutes',
      about: 'Least time between two looks at the size of a database or index',
    },
    wait_secs: {
      kind: 'integer',
      default: 30,
      unit: 'seconds',
      about: 'Time after the start before the first automatic compaction',
    },
    cleanup_index_files: {
      kind: 'boolean',
      default: true,
      about:
        'Deletes indexes that no design document asks for, when their database is compacted (CouchDB: `false`)',
    },
  },
  retention: {
    interval: {
      kind: 'integer',
      default: 60,
      min: 1,
      unit: 'seconds',
      about:
        "Time between two looks at tombstones' ages and documents' ends, in databases with rules for them",
    },
  },
  prometheus: {
    additional_port: {
      kind: 'boolean',
      default: false,
      restart: true,
      about: 'Serves metrics on a port of their own, at `/_node/_local/_prometheus`, without authentication',
    },
    bind_address: {
      kind: 'text',
      default: '127.0.0.1',
      restart: true,
      about: 'Address of that port',
    },
    port: { kind: 'integer', default: 17986, min: 0, max: 65_535, restart: true, about: 'That port' },
  },
} as const satisfies Record<string, Record<string, Setting>>

/** The keys of `[smoosh.CHANNEL]`. */
export const CHANNEL_SETTINGS = {
  priority: {
    kind: 'text',
    default: 'ratio',
    choices: ['ratio', 'slack', 'upgrade'],
    about:
      'What counts: `file / active` (`ratio`) or `file - active` (`slack`); channels named so have it by name',
  },
  min_priority: {
    kind: 'number',
    default: 2,
    about: 'Least priority to be compacted at; for `slack` channels 536870912 bytes',
  },
  max_priority: { kind: 'number', default: Infinity, about: 'Largest priority that the channel takes' },
  min_size: { kind: 'integer', default: 1_048_576, unit: 'bytes', about: 'Smaller files are left alone' },
  max_size: { kind: 'integer', default: Infinity, unit: 'bytes', about: 'Larger files are left alone' },
  min_changes: {
    kind: 'integer',
    default: 0,
    about: 'Least changes of a database since its last compaction',
  },
  capacity: {
    kind: 'integer',
    default: 9999,
    about: 'Most that wait; beyond, those of the lowest priority go',
  },
  concurrency: { kind: 'integer', default: 1, about: 'Most that the channel compacts at a time' },
  from: {
    kind: 'text',
    default: '',
    pattern: 'HH:MM',
    about: 'Beginning of the time of day (UTC) in which it compacts',
  },
  to: { kind: 'text', default: '', pattern: 'HH:MM', about: 'End of that time' },
  strict_window: { kind: 'boolean', default: false, about: 'Stops at that end what still runs' },
} as const satisfies Record<string, Setting>
