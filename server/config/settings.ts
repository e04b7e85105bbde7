import type { Setting } from './setting.ts'

/**
 * Every setting that Couchette honours, with CouchDB 3.5's section, key and default (`rel/overlay/etc/default.ini` and
 * the code's own defaults). `[couchette]` holds what CouchDB has no word for. `docs/configuration.md` is checked
 * against this table.
 */
export const SETTINGS = {
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
      about: 'Who may use a database without `_security`: `admin_only` or `everyone`',
    },
    users_db_suffix: { kind: 'text', default: '_users', about: 'Name of the users database', restart: true },
    users_db_security_editable: {
      kind: 'boolean',
      default: false,
      about: "Lets administrators change the users database's `_security`",
    },
    single_node: {
      kind: 'boolean',
      default: false,
      about: 'Kept for tools that set it; Couchette is one node',
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
    max_document_id_length: {
      kind: 'integer',
      default: Infinity,
      unit: 'bytes',
      about: 'Longest document id that is taken',
    },
    max_database_name_length: { kind: 'integer', default: 238, about: 'Longest database name' },
    max_bulk_docs_count: { kind: 'integer', default: 10_000, about: 'Most documents in one `_bulk_docs`' },
    max_bulk_get_count: { kind: 'integer', default: 10_000, about: 'Most documents in one `_bulk_get`' },
    os_process_timeout: {
      kind: 'integer',
      default: 5000,
      unit: 'milliseconds',
      about: 'Longest run of one call into a design document function',
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
    x_forwarded_host: { kind: 'text', default: 'X-Forwarded-Host', about: "Header with the client's host" },
    x_forwarded_proto: {
      kind: 'text',
      default: 'X-Forwarded-Proto',
      about: "Header with the client's scheme",
    },
  },
  chttpd_auth: {
    authentication_db: { kind: 'text', default: '', about: 'Shown by `_session` when set' },
    timeout: { kind: 'integer', default: 600, unit: 'seconds', about: 'Life of a session without a request' },
    allow_persistent_cookies: {
      kind: 'boolean',
      default: true,
      about: 'Session cookies outlive the browser',
    },
    cookie_domain: { kind: 'text', default: '', about: '`Domain` of the session cookie' },
    same_site: {
      kind: 'text',
      default: '',
      about: '`SameSite` of the session cookie: `none`, `lax`, `strict`',
    },
    secret: {
      kind: 'text',
      default: '',
      sensitive: true,
      about: 'Signs session cookies and proxy tokens; made at the first start',
    },
    hash_algorithms: {
      kind: 'list',
      default: ['sha256', 'sha'],
      about: 'HMAC digests of cookies and proxy tokens; the first one signs',
    },
    password_scheme: {
      kind: 'text',
      default: 'pbkdf2',
      about: 'How new passwords are hashed: `pbkdf2`, `simple`',
    },
    pbkdf2_prf: {
      kind: 'text',
      default: 'sha256',
      about: 'Digest of PBKDF2: `sha`, `sha224`, `sha256`, `sha384`, `sha512`',
    },
    iterations: { kind: 'integer', default: 600_000, about: 'PBKDF2 iterations of new hashes' },
    min_iterations: { kind: 'integer', default: 1, about: 'Fewer iterations are refused at login' },
    max_iterations: {
      kind: 'integer',
      default: 1_000_000_000,
      about: 'More iterations are refused at login',
    },
    upgrade_hash_on_auth: {
      kind: 'boolean',
      default: true,
      about: 'Hashes a password anew at login where the scheme, digest or iterations changed',
    },
    password_regexp: {
      kind: 'text',
      default: '',
      about: 'What new passwords must match: `[{"regexp", "reason"}, "regexp", …]`',
    },
    public_fields: { kind: 'list', default: [], about: 'Members of user documents that everybody may read' },
    users_db_public: {
      kind: 'boolean',
      default: false,
      about: 'Lists of the users database are for its readers',
    },
    proxy_use_secret: { kind: 'boolean', default: false, about: 'Proxy authentication wants a signed token' },
    x_auth_username: { kind: 'text', default: 'X-Auth-CouchDB-UserName', about: 'Header of the proxy: name' },
    x_auth_roles: { kind: 'text', default: 'X-Auth-CouchDB-Roles', about: 'Header of the proxy: roles' },
    x_auth_token: { kind: 'text', default: 'X-Auth-CouchDB-Token', about: 'Header of the proxy: token' },
  },
  chttpd_auth_lockout: {
    mode: { kind: 'text', default: 'enforce', about: 'After repeated failures: `enforce`, `warn` or `off`' },
    threshold: {
      kind: 'integer',
      default: 5,
      about: 'Failures of a name from one address before it is locked',
    },
    max_objects: { kind: 'integer', default: 10_000, about: 'Failures that are remembered' },
    max_lifetime: {
      kind: 'integer',
      default: 300_000,
      unit: 'milliseconds',
      about: 'How long a failure is remembered',
    },
  },
  jwt_auth: {
    required_claims: {
      kind: 'text',
      default: 'exp',
      about: 'Claims that must be there: `exp, {iss, "issuer"}`',
    },
    roles_claim_name: { kind: 'text', default: '_couchdb.roles', about: 'Claim with the roles (older form)' },
    roles_claim_path: { kind: 'text', default: '', about: 'Path to the claim with the roles: `a.b\\.c`' },
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
    same_origin: { kind: 'boolean', default: true, about: 'Sends `SAMEORIGIN`, otherwise `DENY` or a host' },
    hosts: { kind: 'list', default: [], about: 'Hosts that may frame answers when `same_origin` is off' },
  },
  csp: {
    utils_enable: { kind: 'boolean', default: true, about: 'Sends a Content-Security-Policy with `_utils`' },
    utils_header_value: {
      kind: 'text',
      default:
        "default-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline';",
      about: 'The policy for `_utils`',
    },
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
  uuids: {
    algorithm: {
      kind: 'text',
      default: 'sequential',
      about: 'How ids are made: `random`, `sequential`, `utc_random`, `utc_id`',
    },
    utc_id_suffix: { kind: 'text', default: '', about: 'End of the ids of `utc_id`' },
    max_count: { kind: 'integer', default: 1000, about: 'Most ids of one `_uuids`' },
  },
  attachments: {
    compression_level: {
      kind: 'integer',
      default: 8,
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
  query_server_config: {
    reduce_limit: { kind: 'boolean', default: true, about: 'Refuses reductions that do not get smaller' },
  },
  mango: {
    default_limit: { kind: 'integer', default: 25, about: 'Rows of a `_find` without a limit' },
    index_scan_warning_threshold: {
      kind: 'integer',
      default: 10,
      about: 'Ratio of rows read to found that warns',
    },
  },
  replicator: {
    max_jobs: { kind: 'integer', default: 500, about: 'Replications that run at once' },
    interval: { kind: 'integer', default: 60_000, unit: 'milliseconds', about: 'Time between schedulings' },
    max_churn: { kind: 'integer', default: 20, about: 'Replications started or stopped by one scheduling' },
    max_history: { kind: 'integer', default: 20, about: 'Events kept of one replication' },
    startup_jitter: {
      kind: 'integer',
      default: 5000,
      unit: 'milliseconds',
      about: 'Random wait before a start',
    },
    worker_processes: { kind: 'integer', default: 4, about: 'Batches fetched at once by one replication' },
    worker_batch_size: { kind: 'integer', default: 500, about: 'Changes in one batch' },
    http_connections: {
      kind: 'integer',
      default: 20,
      about: 'Connections of one replication to each server',
    },
    connection_timeout: {
      kind: 'integer',
      default: 30_000,
      unit: 'milliseconds',
      about: 'Longest silence of a peer',
    },
    retries_per_request: { kind: 'integer', default: 5, about: 'Tries again of a request that failed' },
    use_checkpoints: { kind: 'boolean', default: true, about: 'Keeps checkpoints on source and target' },
    use_bulk_get: { kind: 'boolean', default: true, about: 'Fetches documents through `_bulk_get`' },
    checkpoint_interval: {
      kind: 'integer',
      default: 30_000,
      unit: 'milliseconds',
      about: 'Time between checkpoints',
    },
    max_document_id_length: {
      kind: 'integer',
      default: Infinity,
      unit: 'bytes',
      about: 'Longer ids are passed over',
    },
    verify_ssl_certificates: { kind: 'boolean', default: false, about: "Checks the peers' certificates" },
    ssl_trusted_certificates_file: { kind: 'text', default: '', about: 'Authorities of peers (PEM)' },
    cert_file: { kind: 'text', default: '', about: 'Certificate to show to peers (PEM)' },
    key_file: { kind: 'text', default: '', about: 'Its private key (PEM)' },
    password: { kind: 'text', default: '', about: 'Password of that key', sensitive: true },
  },
  log: {
    level: {
      kind: 'text',
      default: 'info',
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
    max_password_checks: {
      kind: 'integer',
      default: 64,
      about: 'Password hashes that may wait; past it the answer is 503',
    },
    password_cache_lifetime: {
      kind: 'integer',
      default: 600_000,
      unit: 'milliseconds',
      about: 'How long a verified password needs no new PBKDF2',
    },
  },
} as const satisfies Record<string, Record<string, Setting>>

export type Settings = typeof SETTINGS
export type Section = keyof Settings

/** The keys of a section whose setting is of that kind. */
export type KeyOf<S extends Section, K extends Setting['kind']> = {
  [Key in keyof Settings[S] & string]: Settings[S][Key] extends { readonly kind: K } ? Key : never
}[keyof Settings[S] & string]

/** Older names of sections, where CouchDB still looks when the newer one has no value. */
export const OLDER_SECTION: Readonly<Record<string, string>> = {
  chttpd: 'httpd',
  chttpd_auth: 'couch_httpd_auth',
}

/** Sections where the operator names the keys, and whether their values are secrets. */
const NAMED_BY_OPERATOR: Readonly<Record<string, { readonly sensitive: boolean }>> = {
  admins: { sensitive: true },
  jwt_keys: { sensitive: true },
}

/** The setting, where it is one that Couchette knows. */
export function settingOf(section: string, key: string): Setting | undefined {
  const keys = (SETTINGS as Record<string, Record<string, Setting>>)[section]
  return keys !== undefined && Object.hasOwn(keys, key) ? keys[key] : undefined
}

/** Whether the value must not be logged. */
export function isSensitive(section: string, key: string): boolean {
  if (Object.hasOwn(NAMED_BY_OPERATOR, section)) return NAMED_BY_OPERATOR[section]?.sensitive === true
  if (section === 'couch_httpd_auth') return isSensitive('chttpd_auth', key)
  return settingOf(section, key)?.sensitive === true
}
