import type { Setting } from '../setting.ts'

/** The wire: listening, limits, cross-origin requests, TLS, logs. `[couchette]` holds what CouchDB has no word for. */
export const HTTP_SETTINGS = {
  httpd: {
    rewrite_limit: {
      kind: 'integer',
      default: 100,
      about: 'Rewrites of one request, which may lead to others',
    },
    secure_rewrites: {
      kind: 'boolean',
      default: true,
      about: 'Rules of `_rewrite` lead to nothing but their own database',
    },
  },
  chttpd: {
    port: { kind: 'integer', default: 5984, about: 'Port of plain HTTP', restart: true },
    bind_address: { kind: 'text', default: '127.0.0.1', about: 'Address to listen on', restart: true },
    backlog: { kind: 'integer', default: 512, about: 'Connections that wait to be accepted', restart: true },
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
      about: 'Headers that are sent to who asks with `Prefer: return=minimal`',
    },
    allow_jsonp: { kind: 'boolean', default: false, about: 'Answers scripts to who names a `callback`' },
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
  cors: {
    origins: { kind: 'list', default: [], about: 'Origins that may use the server; `*` for all' },
    credentials: { kind: 'boolean', default: false, about: 'Lets origins send credentials' },
    headers: {
      kind: 'list',
      default: [],
      about: "Request headers that origins may send; empty: CouchDB's list",
    },
    methods: { kind: 'list', default: [], about: 'Methods that origins may use; empty: all' },
    exposed_headers: {
      kind: 'list',
      default: [],
      about: "Response headers that origins may read; empty: CouchDB's",
    },
    max_age: { kind: 'integer', default: 600, unit: 'seconds', about: 'How long a preflight holds' },
  },
  x_frame_options: {
    same_origin: { kind: 'boolean', default: false, about: 'Sends `SAMEORIGIN`, otherwise `DENY` or a host' },
    hosts: {
      kind: 'list',
      default: [],
      about: 'Origins whose pages may frame answers where `same_origin` is off; `*` for all',
    },
  },
  csp: {
    attachments_enable: { kind: 'boolean', default: true, about: 'Sends a policy with attachments' },
    attachments_header_value: { kind: 'text', default: 'sandbox', about: 'The policy for attachments' },
    showlist_enable: { kind: 'boolean', default: true, about: 'Sends a policy with show and list functions' },
    showlist_header_value: {
      kind: 'text',
      default: 'sandbox',
      about: 'The policy for show and list functions',
    },
  },
  ssl: {
    enable: { kind: 'boolean', default: false, about: 'Serves TLS, with HTTP/2 and HTTP/1.1', restart: true },
    port: { kind: 'integer', default: 6984, about: 'Port of TLS', restart: true },
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
  log: {
    level: {
      kind: 'text',
      default: 'warning',
      about: '`debug`, `info`, `notice`, `warning`, `error`, `critical`, `alert`, `emergency`, `none`',
    },
  },
  couchette: {
    max_header_size: {
      kind: 'integer',
      default: 65_536,
      unit: 'bytes',
      about: 'Largest request head',
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
    max_connections: { kind: 'integer', default: 20_000, about: 'Open connections', restart: true },
    max_body_memory: {
      kind: 'integer',
      default: 1_073_741_824,
      unit: 'bytes',
      about: 'Memory of all request bodies together; past it the answer is 503',
    },
    trusted_proxies: {
      kind: 'list',
      default: [],
      about: 'Addresses and networks whose `X-Forwarded-For` names the client: `10.0.0.1`, `fd00::/8`',
    },
    max_password_checks: {
      kind: 'integer',
      default: 64,
      about: 'Password hashes that may wait; past it the answer is 503',
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
    list_timeout: {
      kind: 'integer',
      default: 60_000,
      unit: 'milliseconds',
      about: 'Longest time in which the client of a list function takes nothing of its answer',
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
    password_cache_lifetime: {
      kind: 'integer',
      default: 600_000,
      unit: 'milliseconds',
      about: 'How long a verified password needs no new PBKDF2',
    },
  },
} as const satisfies Record<string, Record<string, Setting>>
