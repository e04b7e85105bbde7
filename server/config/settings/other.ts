/** Settings of CouchDB 3.5 that Couchette does not use, with the reason that an operator is told. */
export interface OtherSettings {
  readonly section: string
  /** Divided by spaces; empty for the whole section. */
  readonly keys: string
  /** `none`: nothing of the kind exists here, so nothing is missed. `unsupported`: somebody who sets it misses it. */
  readonly effect: 'none' | 'unsupported'
  /** A sentence: why, and what to do. */
  readonly about: string
}

const FILES = 'All data lies in one LevelDB, which keeps its own files and caches.'
const ONE_NODE = 'There is one node, and no shards.'
const ERLANG = "It is about Erlang's processes and sockets."
const LIMITS = 'Requests of a single node are not sent to others.'

/** Settings without effect, in the order of CouchDB's `default.ini`; then those that are missed. */
export const OTHER_SETTINGS: readonly OtherSettings[] = [
  { section: 'vendor', keys: '', effect: 'none', about: 'The vendor is Couchette.' },
  {
    section: 'couchdb',
    keys: 'util_driver_dir plugin_dir max_dbs_open file_compression attachment_stream_buffer_size btree_chunk_size changes_doc_ids_optimization_threshold update_lru_on_read default_engine write_xxhash_checksums use_cfile cfile_skip_ioq max_database_name_length delayed_commits btree_cache_depth hibernate_after',
    effect: 'none',
    about: FILES,
  },
  { section: 'couchdb', keys: 'single_node', effect: 'none', about: 'The system databases are always made.' },
  { section: 'couchdb', keys: 'js_engine', effect: 'none', about: 'Functions always run in QuickJS.' },
  {
    section: 'couchdb',
    keys: 'stem_interactive_updates',
    effect: 'none',
    about: 'Trees are always stemmed.',
  },
  {
    section: 'purge',
    keys: 'index_lag_warn_seconds',
    effect: 'none',
    about: 'Indexes take up purges when they are read.',
  },
  { section: 'couchdb_engines', keys: '', effect: 'none', about: FILES },
  { section: 'process_priority', keys: '', effect: 'none', about: ERLANG },
  { section: 'cluster', keys: '', effect: 'none', about: ONE_NODE },
  {
    section: 'chttpd',
    keys: 'socket_options server_options buffer_response bulk_get_use_batches disconnect_check_msec disconnect_check_jitter_msec max_uri_length server_header_versions docroot',
    effect: 'none',
    about: 'Couchette has limits of its own for sockets and request heads, in `[couchette]`.',
  },
  {
    section: 'httpd',
    keys: 'port bind_address authentication_handlers socket_options server_options max_uri_length default_handler vhost_global_handlers redirect_vhost_handler',
    effect: 'none',
    about: 'There is no second port for the node alone; `_config` shows where `[chttpd]` listens.',
  },
  {
    section: 'chttpd_auth_cache',
    keys: '',
    effect: 'none',
    about: 'Users are kept in memory as far as they are used.',
  },
  {
    section: 'chttpd_auth',
    keys: 'auth_cache_size require_valid_user',
    effect: 'none',
    about: 'Use `[chttpd] require_valid_user`; users are kept in memory as far as they are used.',
  },
  { section: 'mem3', keys: '', effect: 'none', about: ONE_NODE },
  { section: 'fabric', keys: '', effect: 'none', about: LIMITS },
  { section: 'rexi', keys: '', effect: 'none', about: LIMITS },
  { section: 'ken', keys: '', effect: 'none', about: 'Indexes are built half a second after a write.' },
  {
    section: 'ken.ignore',
    keys: '',
    effect: 'none',
    about: 'Set `autoupdate` in the design document to `false`.',
  },
  { section: 'global_changes', keys: '', effect: 'none', about: 'Events are always written, within 50 ms.' },
  {
    section: 'view_updater',
    keys: '',
    effect: 'none',
    about: 'Indexes are written 500 documents at a time.',
  },
  {
    section: 'view_upgrade',
    keys: '',
    effect: 'none',
    about: 'The collation is built in and does not change with a library.',
  },
  { section: 'couch_mrview', keys: '', effect: 'none', about: 'Indexes are built by Couchette itself.' },
  { section: 'indexers', keys: '', effect: 'none', about: 'Views and Mango indexes are always there.' },
  { section: 'database_compaction', keys: '', effect: 'none', about: FILES },
  { section: 'view_compaction', keys: '', effect: 'none', about: FILES },
  {
    section: 'ddoc_cache',
    keys: '',
    effect: 'none',
    about: 'Design documents are in memory and never stale.',
  },
  {
    section: 'query_server_config',
    keys: 'commit_freq os_process_idle_limit os_process_soft_limit group_info_timeout revs_limit',
    effect: 'none',
    about: 'Functions run in threads of the server.',
  },
  { section: 'feature_flags', keys: '', effect: 'none', about: 'Partitioned databases are always allowed.' },
  { section: 'ioq', keys: '', effect: 'none', about: 'Compaction takes turns with requests by itself.' },
  {
    section: 'ioq.bypass',
    keys: '',
    effect: 'none',
    about: 'Compaction takes turns with requests by itself.',
  },
  { section: 'stats', keys: '', effect: 'none', about: 'Counters are read as they are.' },
  { section: 'reshard', keys: '', effect: 'none', about: ONE_NODE },
  { section: 'custodian', keys: '', effect: 'none', about: ONE_NODE },
  { section: 'couch_scanner', keys: '', effect: 'none', about: 'There are no scanner plugins.' },
  { section: 'couch_scanner_plugins', keys: '', effect: 'none', about: 'There are no scanner plugins.' },
  {
    section: 'couch_quickjs_scanner_plugin',
    keys: '',
    effect: 'none',
    about: 'Functions always run in QuickJS.',
  },
  {
    section: 'couch_peruser',
    keys: 'cluster_quiet_period cluster_start_period',
    effect: 'none',
    about: ONE_NODE,
  },
  {
    section: 'replicator',
    keys: 'socket_options ssl_certificate_max_depth cluster_quiet_period cluster_start_period update_docs usage_coeff priority_coeff transient_job_max_age valid_socket_options valid_endpoint_protocols_log verify_ssl_certificates_log min_backoff_penalty_sec max_backoff_penalty_sec max_acceptors',
    effect: 'none',
    about: "The scheduler and its connections are Couchette's; see the settings above.",
  },
  {
    section: 'smoosh',
    keys: 'schema_channels state_dir persist compaction_log_level',
    effect: 'none',
    about: 'Queues are made again at each start from the sizes of the databases.',
  },
  {
    section: 'log',
    keys: 'write_buffer write_delay syslog_enterpriseid report_level strip_last_msg filter_fields include_fields log_format',
    effect: 'none',
    about: 'The log is one JSON object a line, written as it comes.',
  },

  {
    section: 'couchdb',
    keys: 'enable_database_recovery',
    effect: 'unsupported',
    about: 'A database that is deleted is gone: keep backups.',
  },
  {
    section: 'couchdb',
    keys: 'uri_file',
    effect: 'unsupported',
    about: 'The address is printed at the start, and `_config` shows it.',
  },
  {
    section: 'couchdb',
    keys: 'users_db_suffix',
    effect: 'unsupported',
    about: 'Set `[chttpd_auth] authentication_db`.',
  },
  {
    section: 'log',
    keys: 'syslog_host syslog_port syslog_facility syslog_appid',
    effect: 'unsupported',
    about: 'Set `[log] writer` to `stderr` or `journald` and let the system forward it.',
  },
  { section: 'vhosts', keys: '', effect: 'unsupported', about: 'Map hosts to databases in a reverse proxy.' },
  {
    section: 'query_servers',
    keys: '',
    effect: 'unsupported',
    about: 'Functions are JavaScript and run in QuickJS; other programs are never started.',
  },
  {
    section: 'native_query_servers',
    keys: '',
    effect: 'unsupported',
    about: 'There is no Erlang to run functions in.',
  },
  { section: 'daemons', keys: '', effect: 'unsupported', about: 'Run other programs beside the server.' },
  { section: 'os_daemons', keys: '', effect: 'unsupported', about: 'Run other programs beside the server.' },
  { section: 'external', keys: '', effect: 'unsupported', about: 'Run other programs beside the server.' },
  { section: 'proxy', keys: '', effect: 'unsupported', about: 'Use a reverse proxy.' },
  {
    section: 'httpd_global_handlers',
    keys: '',
    effect: 'unsupported',
    about: 'The paths of the server are fixed.',
  },
  {
    section: 'httpd_db_handlers',
    keys: '',
    effect: 'unsupported',
    about: 'The paths of the server are fixed.',
  },
  {
    section: 'httpd_design_handlers',
    keys: '',
    effect: 'unsupported',
    about: 'The paths of the server are fixed.',
  },
  { section: 'dreyfus', keys: '', effect: 'unsupported', about: 'There is no full-text search.' },
  { section: 'nouveau', keys: '', effect: 'unsupported', about: 'There is no full-text search.' },
  { section: 'disk_monitor', keys: '', effect: 'unsupported', about: 'Watch the disk from outside.' },
  {
    section: 'couch_auto_purge_plugin',
    keys: '',
    effect: 'unsupported',
    about: 'Purge tombstones with `_purge`.',
  },
  {
    section: 'couch_auto_purge_scanner',
    keys: '',
    effect: 'unsupported',
    about: 'Purge tombstones with `_purge`.',
  },
  {
    section: 'compactions',
    keys: '',
    effect: 'unsupported',
    about: "CouchDB 2's rules of compaction are `[smoosh]` since CouchDB 3.",
  },
  {
    section: 'compaction_daemon',
    keys: '',
    effect: 'unsupported',
    about: "CouchDB 2's rules of compaction are `[smoosh]` since CouchDB 3.",
  },
]

/** Returns what becomes of a setting that Couchette does not use; undefined for what CouchDB does not know either. */
export function otherSetting(section: string, key: string): OtherSettings | undefined {
  const ofSection = OTHER_SETTINGS.filter(other => other.section === section)
  return (
    ofSection.find(({ keys }) => keys.split(' ').includes(key)) ?? ofSection.find(({ keys }) => keys === '')
  )
}
