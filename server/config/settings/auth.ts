import type { Setting } from '../setting.ts'

/** Settings of authentication: sessions, tokens, proxies, passwords, lockouts. */
export const AUTH_SETTINGS = {
  chttpd_auth: {
    authentication_db: {
      kind: 'text',
      default: '',
      about: 'The users database, `_users` where nothing is set; shown by `_session` when set',
    },
    authentication_redirect: {
      kind: 'text',
      default: '/_utils/session.html',
      about: 'Page to which browsers are sent that ask for HTML and must sign in first; empty: none',
    },
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
      choices: ['pbkdf2', 'simple'],
      about: 'How new passwords are hashed: `pbkdf2`, `simple`',
    },
    pbkdf2_prf: {
      kind: 'text',
      default: 'sha256',
      choices: ['sha', 'sha224', 'sha256', 'sha384', 'sha512'],
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
      about: 'Hashes a password again at login where the scheme, digest or iterations changed',
    },
    allow_conflicted_user_docs: {
      kind: 'boolean',
      default: false,
      about: 'Users whose document is in conflict may log in, with its winning version',
    },
    password_regexp: {
      kind: 'text',
      default: '',
      about: 'What new passwords must match: `[{"regexp", "reason"}, "regexp", …]`',
    },
    public_fields: { kind: 'list', default: [], about: 'Members of user documents that everybody may read' },
    proxy_use_secret: { kind: 'boolean', default: false, about: 'Proxy authentication wants a signed token' },
    x_auth_username: { kind: 'text', default: 'X-Auth-CouchDB-UserName', about: 'Header of the proxy: name' },
    x_auth_roles: { kind: 'text', default: 'X-Auth-CouchDB-Roles', about: 'Header of the proxy: roles' },
    x_auth_token: { kind: 'text', default: 'X-Auth-CouchDB-Token', about: 'Header of the proxy: token' },
  },
  chttpd_auth_lockout: {
    mode: {
      kind: 'text',
      default: 'enforce',
      choices: ['enforce', 'warn', 'off'],
      about: 'After repeated failures: `enforce`, `warn` or `off`',
    },
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
} as const satisfies Record<string, Record<string, Setting>>
