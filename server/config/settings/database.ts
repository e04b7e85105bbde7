import type { Setting } from '../setting.ts'

/** Settings of databases: storage, limits of documents, views and queries. */
export const DATABASE_SETTINGS = {
  couchdb: {
    uuid: {
      kind: 'text',
      default: '',
      about: 'Identity of the server; made at the first start',
      restart: true,
    },
    default_security: {
      kind: 'text',
      default: 'admin_only',
      choices: ['admin_only', 'admin_local', 'everyone'],
      about: 'Who may use databases that are made from now on: `admin_only` or `everyone`',
    },
    users_db_security_editable: {
      kind: 'boolean',
      default: false,
      about: "Lets administrators change the users database's `_security`",
    },
    maintenance_mode: {
      kind: 'text',
      default: '',
      choices: ['true', 'false', 'nolb'],
      about: '`true` or `nolb`: `_up` answers 404, so that load balancers send nobody here',
    },
    database_dir: {
      kind: 'text',
      default: '',
      restart: true,
      about: 'The data directory, as `--data` chose it; shown, and not changed here',
    },
    view_index_dir: {
      kind: 'text',
      default: '',
      restart: true,
      about: 'The same directory: indexes lie with the databases; shown, and not changed here',
    },
    max_document_size: {
      kind: 'integer',
      default: 8_000_000,
      unit: 'bytes',
      about: 'Largest document body that is taken',
    },
    max_attachment_size: {
      kind: 'integer',
      default: 1_073_741_824,
      unit: 'bytes',
      about: 'Largest attachment that is taken',
    },
    max_partition_size: {
      kind: 'integer',
      default: 10_737_418_240,
      unit: 'bytes',
      about: 'Where a partition takes no more; 0 for no limit',
    },
    max_document_id_length: {
      kind: 'integer',
      default: Infinity,
      unit: 'bytes',
      about: 'Longest document id that is taken',
    },
    max_bulk_docs_count: { kind: 'integer', default: 10_000, about: 'Most documents in one `_bulk_docs`' },
    max_bulk_get_count: { kind: 'integer', default: 10_000, about: 'Most documents in one `_bulk_get`' },
    os_process_timeout: {
      kind: 'integer',
      default: 5000,
      unit: 'milliseconds',
      about: 'CPU time that one call of a function may take',
    },
  },
  query_server_config: {
    reduce_limit: {
      kind: 'text',
      default: 'true',
      choices: ['true', 'false', 'log'],
      about: 'Reductions that do not shrink are errors (`true`), logged (`log`) or let be (`false`)',
    },
    os_process_limit: {
      kind: 'integer',
      default: 12,
      restart: true,
      about: 'List functions with many rows that run at a time, a thread each; others wait',
    },
    query_limit: {
      kind: 'integer',
      default: 268_435_456,
      about: 'Most rows that one query of a view may ask for',
    },
    partition_query_limit: {
      kind: 'integer',
      default: 268_435_456,
      about: 'Most rows that one query within a partition may ask for',
    },
  },
  quickjs: {
    memory_limit_bytes: {
      kind: 'integer',
      default: 67_108_864,
      unit: 'bytes',
      restart: true,
      about: 'Memory that the functions of one design document may use, 16 MiB at least',
    },
  },
  mango: {
    default_limit: { kind: 'integer', default: 25, about: 'Most documents of a `_find` without a `limit`' },
    index_scan_warning_threshold: {
      kind: 'integer',
      default: 10,
      about: 'So many times more documents looked at than found make `_find` warn; 0: never',
    },
  },
  uuids: {
    algorithm: {
      kind: 'text',
      default: 'sequential',
      choices: ['random', 'sequential', 'utc_random', 'utc_id'],
      about: 'How ids are made: `random`, `sequential`, `utc_random`, `utc_id`',
    },
    utc_id_suffix: { kind: 'text', default: '', about: 'End of the ids of `utc_id`' },
    max_count: { kind: 'integer', default: 1000, about: 'Most ids of one `_uuids`' },
  },
  attachments: {
    compression_level: {
      kind: 'integer',
      default: 8,
      min: 0,
      max: 9,
      about: 'Gzip level of compressible attachments; 0 for none',
    },
    compressible_types: {
      kind: 'list',
      default: ['text/*', 'application/javascript', 'application/json', 'application/xml'],
      about: 'Types that are stored compressed',
    },
  },
  purge: {
    max_document_id_number: { kind: 'integer', default: 100, about: 'Most documents in one `_purge`' },
    max_revisions_number: { kind: 'integer', default: 1000, about: 'Most revisions in one `_purge`' },
  },
} as const satisfies Record<string, Record<string, Setting>>
