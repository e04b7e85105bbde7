const METHODS = ['COPY', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']
const STATUSES = [
  200, 201, 202, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 416, 417,
  429, 500, 501, 503,
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
  'couchette/index_builds/completed': 'number of index builds that completed',
  'couchette/index_builds/failures': 'number of index builds that failed',
  'couchette/logins/failures': 'number of logins that were refused for a wrong name, password or token',
  'couchette/logins/lockouts': 'number of times that a name was locked after too many wrong passwords',
  'couchette/logins/refused_while_locked': 'number of logins that were refused because the name was locked',
  'couchette/requests_refused':
    'number of requests that were refused with 503 because more came than can be answered soon',
  'couchette/limits/refused_by_address':
    'number of requests that were refused for the limits of their address',
  'couchette/limits/refused_by_user': 'number of requests that were refused for the limits of their user',
  'couchette/conflicts/resolutions': 'number of conflicts that were resolved by request',
  'couchette/configuration/changes': 'number of settings that were changed since the start',
  'couch_replicator/jobs/starts': 'number of replication job starts',
  'couch_replicator/jobs/crashes': 'number of replication job crashes',
  'couchette/replication/recoveries': 'number of jobs that ran again after crashes',
  'couchette/replication/completions': 'number of replications that completed',
  'couchette/replication/failures': 'number of jobs that failed and are not started again',
  'couchette/replication/stalls': 'number of times that a job stalled',
  'couchette/replication/divergences':
    'number of comparisons after which another number of documents stays different',
  'couchette/replication/verification_failures':
    'number of times that comparing source and target began to fail',
  'couchette/replication/documents_repaired':
    'number of documents that differed and were replicated by a repair',
  'couchette/replication/documents_unrepaired': 'number of documents that differed still after a repair',
  'couchette/replication/source_silences': 'number of times that the source of a job fell silent',
  'couchdb/password_hashing_slow': 'number of slow password hashes performed',
  ...Object.fromEntries(
    METHODS.map(method => [`couchdb/httpd_request_methods/${method}`, `number of HTTP ${method} requests`]),
  ),
  ...Object.fromEntries(
    STATUSES.map(status => [`couchdb/httpd_status_codes/${status}`, `number of HTTP ${status} responses`]),
  ),
}

/** Values that go up and down, by their path in `_stats`, with CouchDB's paths and descriptions. */
export const GAUGES: Readonly<Record<string, string>> = {
  'couch_replicator/jobs/running': 'number of running replication jobs',
  'couch_replicator/jobs/pending': 'number of pending replication jobs',
  'couch_replicator/jobs/crashed': 'number of crashed replication jobs',
  'couch_replicator/jobs/total': 'total number of replication jobs',
}
