import type { Setting } from '../setting.ts'
import { BOUND_SETTINGS } from './bounds.ts'
import { PEER_SETTINGS } from './peers.ts'

/** Settings of the wire: listening, limits, TLS. `[couchette]` holds the settings that CouchDB does not have. */
export const HTTP_SETTINGS = {
  chttpd: {
    port: { kind: 'integer', default: 5984, min: 0, max: 65_535, about: 'Port of plain HTTP', restart: true },
    bind_address: { kind: 'text', default: '127.0.0.1', about: 'Address to listen on', restart: true },
    backlog: {
      kind: 'integer',
      default: 4096,
      about: 'Connections that wait to be accepted; Linux allows at most `net.core.somaxconn`',
      restart: true,
    },
    require_valid_user: { kind: 'boolean', default: false, about: 'Refuses anonymous requests' },
    require_valid_user_except_for_up: {
      kind: 'boolean',
      default: false,
      about: 'Refuses anonymous requests but for `_up`',
    },
    admin_only_all_dbs: { kind: 'boolean', default: true, about: '`_all_dbs` is for administrators' },
    authentication_handlers: {
      kind: 'text',
      default: '{chttpd_auth, cookie_authentication_handler}, {chttpd_auth, default_authentication_handler}',
      about: 'Ways to authenticate, in order: `cookie`, `default` (Basic), `proxy`, `jwt`',
    },
    max_http_request_size: {
      kind: 'integer',
      default: 4_294_967_296,
      unit: 'bytes',
      about: 'Largest request body',
    },
    max_db_number_for_dbs_info_req: { kind: 'integer', default: 100, about: 'Most names in one `_dbs_info`' },
    changes_timeout: {
      kind: 'integer',
      default: 60_000,
      unit: 'milliseconds',
      about: 'Longest wait of a feed without a heartbeat',
    },
    'WWW-Authenticate': {
      kind: 'text',
      default: '',
      about: 'Challenge that 401 is sent with, `Basic realm="…"`, so that browsers ask for a password',
    },
    enable_cors: { kind: 'boolean', default: false, about: 'Answers cross-origin requests as `[cors]` says' },
    enable_xframe_options: {
      kind: 'boolean',
      default: false,
      about: 'Sends `X-Frame-Options` as `[x_frame_options]` says',
    },
    config_whitelist: {
      kind: 'text',
      default: '',
      about: 'If set, the only settings `_config` may change: `[{section,key}, …]`',
    },
    prefer_minimal: {
      kind: 'list',
      default: [
        'Cache-Control',
        'Content-Length',
        'Content-Range',
        'Content-Type',
        'ETag',
        'Server',
        'Transfer-Encoding',
        'Vary',
      ],
      about: 'Headers of the answers to requests with `Prefer: return=minimal`',
    },
    allow_jsonp: { kind: 'boolean', default: false, about: 'Answers scripts to who names a `callback`' },
    rewrite_limit: {
      kind: 'integer',
      default: 100,
      about: 'Rewrites of one request, which may lead to others',
    },
    secure_rewrites: {
      kind: 'boolean',
      default: true,
      about: 'Rules and functions of `_rewrite` lead to nothing but their own database',
    },
    decode_plus_to_space: { kind: 'boolean', default: true, about: 'Takes a `+` in a path for a space' },
    x_forwarded_host: { kind: 'text', default: 'X-Forwarded-Host', about: "Header with the client's host" },
    x_forwarded_proto: {
      kind: 'text',
      default: 'X-Forwarded-Proto',
      about: "Header with the client's scheme",
    },
    x_forwarded_ssl: {
      kind: 'text',
      default: 'X-Forwarded-Ssl',
      about: 'Header that is `on` where the client speaks TLS',
    },
  },
  ssl: {
    enable: { kind: 'boolean', default: false, about: 'Serves TLS, with HTTP/2 and HTTP/1.1', restart: true },
    port: { kind: 'integer', default: 6984, min: 0, max: 65_535, about: 'Port of TLS', restart: true },
    cert_file: {
      kind: 'text',
      default: '',
      about: 'Certificate chain (PEM); without one a self-signed one is made',
      restart: true,
    },
    key_file: { kind: 'text', default: '', about: 'Private key (PEM)', restart: true },
    password: { kind: 'text', default: '', about: 'Password of the key', restart: true, sensitive: true },
    cacert_file: {
      kind: 'text',
      default: '',
      about: 'Authorities for client certificates (PEM)',
      restart: true,
    },
    tls_versions: { kind: 'text', default: '', about: "Versions: `['tlsv1.2', 'tlsv1.3']`", restart: true },
  },
  couchette: {
    max_header_size: {
      kind: 'integer',
      default: 65_536,
      unit: 'bytes',
      about: 'Largest head of a request, headers of a function’s answer, and URL that a rewrite leads to',
      restart: true,
    },
    headers_timeout: {
      kind: 'integer',
      default: 60_000,
      unit: 'milliseconds',
      about: 'Longest time a request head may take',
      restart: true,
    },
    body_timeout: {
      kind: 'integer',
      default: 60_000,
      unit: 'milliseconds',
      about: 'Longest silence while a request body is sent',
      restart: true,
    },
    threads: {
      kind: 'integer',
      default: 1,
      about:
        'Threads that take connections and answer reads, beside the one that writes; with 1 there is that one alone',
      restart: true,
    },
    memory: {
      kind: 'text',
      default: 'normal',
      choices: ['normal', 'small'],
      about: '`small`: heaps, caches and the buffers of the store stay small, at the price of speed',
      restart: true,
    },
    thread_timeout: {
      kind: 'integer',
      default: 30_000,
      unit: 'milliseconds',
      about: 'Longest time in which such a thread carries out an order, or ends; then it is ended',
    },
    max_connections: { kind: 'integer', default: 20_000, about: 'Open connections', restart: true },
    max_body_memory: {
      kind: 'integer',
      default: 1_073_741_824,
      unit: 'bytes',
      about: 'Memory of all request bodies together; past it the answer is 503',
    },
    max_body_memory_per_request: {
      kind: 'integer',
      default: 268_435_456,
      unit: 'bytes',
      about:
        'Largest body that is held in memory, inflated; past it the answer is 413. Attachments of multipart bodies are not',
    },
    ...BOUND_SETTINGS,
    trusted_proxies: {
      kind: 'list',
      default: [],
      about: 'Addresses and networks whose `X-Forwarded-For` names the client: `10.0.0.1`, `fd00::/8`',
    },
    proxy_token_covers_roles: {
      kind: 'boolean',
      default: false,
      about: 'Tokens of proxies sign the roles too (see security.md), not the name alone as in CouchDB',
    },
    max_password_checks: {
      kind: 'integer',
      default: 64,
      about: 'Password hashes that may wait; past it the answer is 503',
    },
    max_password_checks_per_client: {
      kind: 'integer',
      default: 32,
      about: 'Those of one address, or of one user who changes passwords; clients take turns',
    },
    max_running_queries: {
      kind: 'integer',
      default: 16,
      about: 'Views, lists, `_find`, `_bulk_get` and `_revs_diff` at a time',
    },
    max_waiting_queries: {
      kind: 'integer',
      default: 1000,
      about: 'Queries that may wait, for a turn or for an index; past it the answer is 503',
    },
    function_stop_timeout: {
      kind: 'integer',
      default: 2000,
      unit: 'milliseconds',
      about: 'When the server stops, time for functions of design documents to end; then they are ended',
    },
    regex_step_limit: {
      kind: 'integer',
      default: 100_000_000,
      about: 'Steps of the `$regex` patterns of a query, or of a page of a feed; past it the answer is 400',
    },
    list_timeout: {
      kind: 'integer',
      default: 60_000,
      unit: 'milliseconds',
      about: 'Longest time in which the client of a list function takes nothing of its answer',
    },
    max_trial_documents: {
      kind: 'integer',
      default: 1000,
      about: 'Documents over which `_try_view` runs the functions of a view that is not stored',
    },
    log_tail: {
      kind: 'integer',
      default: 1000,
      about: 'Lines of the log that are kept in memory for `_node/{node}/_log`; 0: none',
    },
    otlp_endpoint: {
      kind: 'text',
      default: '',
      restart: true,
      about:
        'Collector of OpenTelemetry to which traces are sent over OTLP with HTTP, such as `http://127.0.0.1:4318`; empty: none',
    },
    otlp_headers: {
      kind: 'text',
      default: '',
      restart: true,
      sensitive: true,
      about: 'Headers for it: `name=value,name=value`',
    },
    trace_sample_percent: {
      kind: 'integer',
      default: 100,
      min: 0,
      max: 100,
      restart: true,
      about: 'Share of the traces that begin here and are sent; those that a client began follow the client',
    },
    max_running_compactions: { kind: 'integer', default: 2, about: 'Databases that are compacted at a time' },
    max_waiting_compactions: {
      kind: 'integer',
      default: 1000,
      about: 'Databases that may wait to be compacted; past it the answer is 503',
    },
    max_password_iterations: {
      kind: 'integer',
      default: 2_000_000,
      about: 'Most PBKDF2 iterations that a user document may ask for, unless `iterations` is higher',
    },
    password_upgrade_delay: {
      kind: 'integer',
      default: 1000,
      unit: 'milliseconds',
      about: 'Wait after a login before its outdated hash is replaced',
    },
    on_damage: {
      kind: 'text',
      default: 'refuse',
      choices: ['refuse', 'report'],
      about: 'Where acknowledged writes are missing at the start: `refuse` to start, or `report` and go on',
      restart: true,
    },
    check_after_crash: {
      kind: 'boolean',
      default: true,
      about: 'Counts documents and changes after an unclean end, in the databases that were written last',
      restart: true,
    },
    max_reopen_wait: {
      kind: 'integer',
      default: 5000,
      unit: 'milliseconds',
      about: 'Longest time between attempts to open the store again after a failed write',
    },
    password_cache_lifetime: {
      kind: 'integer',
      default: 600_000,
      unit: 'milliseconds',
      about: 'How long a verified password needs no new PBKDF2',
    },
    ...PEER_SETTINGS,
  },
} as const satisfies Record<string, Record<string, Setting>>
