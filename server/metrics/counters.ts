const METHODS = ['COPY', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']
const STATUSES = [
  200, 201, 202, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 416, 417,
  500, 501, 503,
]

/** All counters by their path in `_stats`, with CouchDB's paths and descriptions. */
export const COUNTERS: Readonly<Record<string, string>> = {
  'couchdb/database_writes': 'number of times a database was changed',
  'couchdb/document_writes': 'number of document write operations',
  'couchdb/auth_cache_hits': 'number of authentication cache hits',
  'couchdb/auth_cache_misses': 'number of authentication cache misses',
  'couchdb/password_hashing_fast': 'number of fast password hashes performed',
  'couchdb/open_databases': 'number of open databases',
  'couchdb/httpd/requests': 'number of HTTP requests',
  'couchdb/httpd/aborted_requests': 'number of aborted requests',
  'couchdb/httpd/clients_requesting_changes': 'number of clients for continuous _changes',
  'couchette/compaction/databases': 'number of compactions of databases',
  'couchette/compaction/views': 'number of compactions of view indexes',
  'couchette/compaction/failures': 'number of compactions that failed',
  'couchdb/password_hashing_slow': 'number of slow password hashes performed',
  ...Object.fromEntries(
    METHODS.map(method => [`couchdb/httpd_request_methods/${method}`, `number of HTTP ${method} requests`]),
  ),
  ...Object.fromEntries(
    STATUSES.map(status => [`couchdb/httpd_status_codes/${status}`, `number of HTTP ${status} responses`]),
  ),
}
