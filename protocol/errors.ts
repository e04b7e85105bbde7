import type { ErrorEntry } from './errors/entry.ts'
import { QUERY_ERRORS } from './errors/queries.ts'
import type { JsonValue } from './json-value.ts'

/** A failure as clients see it: `{"error": …, "reason": …}` with an HTTP status. */
export class CouchError extends Error {
  readonly status: number
  readonly error: string
  /** The reason as text. */
  readonly reason: string
  /** The reason as it is answered: functions of design documents may throw any JSON value. */
  readonly reasonValue: JsonValue
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    error: string,
    reasonValue: JsonValue,
    headers: Readonly<Record<string, string>> = {},
  ) {
    const reason = typeof reasonValue === 'string' ? reasonValue : JSON.stringify(reasonValue)
    super(`${error}: ${reason}`)
    this.name = 'CouchError'
    this.status = status
    this.error = error
    this.reason = reason
    this.reasonValue = reasonValue
    this.headers = headers
  }
}

/** Every failure that a client can see: status, error and exact reason, as CouchDB 3.5 gives them. */
export const ERRORS = {
  // Requests
  invalidJson: [400, 'bad_request', 'invalid UTF-8 JSON'],
  missingBody: [400, 'bad_request', 'Missing request body'],
  tooManyDigits: [400, 'bad_request', 'Integers of the body have too many digits.'],
  bodyNotObject: [400, 'bad_request', 'Request body must be a JSON object'],
  badRequest: [400, 'bad_request', (reason: string) => reason],
  queryParse: [400, 'query_parse_error', (reason: string) => reason],
  badContentType: [415, 'bad_content_type', 'Content-Type must be application/json'],
  methodNotAllowed: [405, 'method_not_allowed', (allowed: string) => `Only ${allowed} allowed`],
  tooLarge: [413, 'too_large', (reason: string) => reason],
  badGzip: [400, 'bad_request', 'Request body is not properly gzipped.'],
  badContentEncoding: [
    415,
    'bad_content_type',
    (encoding: string) => `${encoding} is not a supported content encoding.`,
  ],
  malformedSeq: [400, 'bad_request', "Malformed sequence supplied in 'since' parameter."],
  internal: [500, 'internal_server_error', (reason: string) => reason],

  // Databases
  noDatabase: [404, 'not_found', 'Database does not exist.'],
  illegalDatabaseName: [
    400,
    'illegal_database_name',
    (name: string) =>
      `Name: '${name}'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, $, (, ), +, -, and / are allowed. Must begin with a letter.`,
  ],
  databaseNameTooLong: [
    400,
    'database_name_too_long',
    (name: string) => `At least one path segment of \`${name}\` is too long.`,
  ],
  followsAnother: [
    403,
    'forbidden',
    (source: string) => `This database is a read-only follower: documents are written at ${source}`,
  ],
  sourceUnreachable: [
    503,
    'service_unavailable',
    (why: string) => `The source of this follower does not answer: ${why}`,
  ],
  notInMesh: [404, 'not_found', 'This node is in no mesh.'],
  alreadyInMesh: [412, 'precondition_failed', 'This node is in a mesh: it has to leave that first.'],
  noMemberAnswers: [503, 'service_unavailable', 'No other member answers, to be told that this one leaves.'],
  quorumNotReached: [503, 'quorum_not_reached', (count: string) => `${count} members answered in time.`],
  joinRefused: [502, 'bad_gateway', (why: string) => `The member does not take this node in: ${why}`],
  systemDatabaseFollows: [403, 'forbidden', 'A system database cannot follow another.'],
  maskedSource: [
    403,
    'forbidden',
    'This database is a masked copy: only masked followers replicate from it.',
  ],
  maskedForGood: [
    403,
    'forbidden',
    'This database is a masked copy: what it has under the ids of revisions is not what others have, so it can never be promoted, and keeps its mask. Delete it instead.',
  ],
  maskNeedsEmpty: [
    403,
    'forbidden',
    'A database that has been written to cannot become a masked copy: clear values may be on disk.',
  ],
  notFollower: [404, 'not_found', 'This database is no follower.'],
  databaseExists: [412, 'file_exists', 'The database could not be created, the file already exists.'],

  partitionOverflow: [
    403,
    'partition_overflow',
    (id: string) => `Partition limit exceeded due to update on '${id}'`,
  ],
  illegalPartition: [400, 'illegal_partition', (reason: string) => reason],

  // Documents
  documentNotObject: [400, 'bad_request', 'Document must be a JSON object'],
  invalidRev: [400, 'bad_request', 'Invalid rev format'],
  missing: [404, 'not_found', 'missing'],
  deleted: [404, 'not_found', 'deleted'],
  conflict: [409, 'conflict', 'Document update conflict.'],
  jobWithOtherCredentials: [409, 'conflict', (job: string) => `${job}, with other credentials`],
  badSpecialMember: [400, 'doc_validation', (name: string) => `Bad special document member: ${name}`],
  documentTooLarge: [413, 'document_too_large', (id: string) => id],
  documentTooDeepToValidate: [
    400,
    'doc_validation',
    'The document is nested too deeply for the validation functions of its database.',
  ],
  documentTooDeep: [
    400,
    'doc_validation',
    (most: string) => `The document is nested more than ${most} levels deep.`,
  ],
  tooManyAttachments: [413, 'document_too_large', (most: string) => `more than ${most} attachments`],
  tooManyRevisions: [413, 'document_too_large', (most: string) => `more than ${most} revisions`],
  tooManyDesignValues: [
    413,
    'document_too_large',
    (most: string) => `more than ${most} values in a design document`,
  ],
  tooManyIndexFields: [413, 'too_large', (most: string) => `an index has at most ${most} fields`],
  tooManyViews: [413, 'document_too_large', (most: string) => `more than ${most} views in a design document`],
  badGeneration: [400, 'doc_validation', 'The generation of the revision is out of range.'],
  docIdNotString: [400, 'illegal_docid', 'Document id must be a string'],
  illegalDocId: [400, 'illegal_docid', (reason: string) => reason],
  docValidation: [400, 'doc_validation', (reason: string) => reason],
  bulkDocsMissing: [400, 'bad_request', 'POST body must include `docs` parameter.'],
  bulkDocsNotArray: [400, 'bad_request', '`docs` parameter must be an array.'],
  newEditsNotBoolean: [400, 'bad_request', '`new_edits` parameter must be a boolean.'],
  tooManyBulkDocs: [413, 'max_bulk_docs_count_exceeded', (most: string) => most],
  tooManyBulkGets: [413, 'max_bulk_get_count_exceeded', (most: string) => most],
  allOrNothing: [417, 'not_implemented', 'all_or_nothing is not supported'],
  revisionRequired: [
    400,
    'bad_request',
    'When `new_edits: false`, the document needs `_rev` or `_revisions` specified',
  ],

  // Attachments and multipart
  attachmentMissing: [404, 'not_found', 'Document is missing attachment'],
  missingStub: [412, 'missing_stub', (place: string) => `Invalid attachment stub in ${place}`],
  noEncodingAccepted: [406, 'not_acceptable', 'unsupported encoding'],
  localAttachment: [400, 'bad_request', '_local documents do not accept attachments.'],
  attachmentNameNotUtf8: [400, 'bad_request', 'Attachment name is not UTF-8 encoded'],
  attachmentTooShort: [400, 'bad_request', 'attachment shorter than expected'],
  attachmentTooLong: [400, 'bad_request', 'attachment longer than expected'],
  attachmentTooLarge: [413, 'attachment_too_large', (name: string) => name],
  md5Mismatch: [400, 'content_md5_mismatch', 'Possible message corruption.'],
  uploadStalled: [408, 'timeout', 'The request body did not come in time.'],
  rangeNotSatisfiable: [416, 'requested_range_not_satisfiable', 'Requested range not satisfiable'],
  missingRev: [409, 'not_found', 'missing_rev'],
  notAForm: [415, 'bad_content_type', 'Content-Type must be multipart/form-data'],
  gzipOrIdentity: [415, 'bad_content_type', 'Only gzip and identity content-encodings are supported'],
  malformedMultipart: [400, 'bad_request', (what: string) => `Malformed multipart body: ${what}`],

  ...QUERY_ERRORS,

  // Changes
  unknownFeed: [
    400,
    'bad_request',
    'Supported `feed` types: normal, continuous, live, longpoll, eventsource',
  ],
  unknownDbUpdatesFeed: [
    400,
    'bad_request',
    'Supported `feed` types: normal, continuous, longpoll, eventsource',
  ],
  heartbeatNotPositive: [
    400,
    'bad_request',
    'The heartbeat value should be a positive integer (in milliseconds).',
  ],
  heartbeatNotInteger: [
    400,
    'bad_request',
    'Invalid heartbeat value. Expecting a positive integer value (in milliseconds).',
  ],
  invalidInteger: [400, 'bad_request', 'invalid_integer'],
  invalidSeqInterval: [400, 'bad_request', 'invalid_seq_interval'],
  unknownStyle: [400, 'bad_request', 'Supported `style` values: main_only, all_docs'],
  unknownFilter: [400, 'bad_request', 'unknown builtin filter name'],
  malformedFilter: [400, 'bad_request', '`filter` must be of the form `designname/filtername`'],
  viewFilterMissing: [400, 'bad_request', '`view` filter parameter is not provided.'],
  malformedViewFilter: [400, 'bad_request', '`view` must be of the form `designname/viewname`'],
  docIdsNotList: [400, 'bad_request', '`doc_ids` filter parameter is not a list of doc ids.'],
  selectorNotPosted: [400, 'bad_request', 'Selector must be specified in POST payload'],
  fieldsNotArray: [400, 'bad_request', 'Selector error: fields must be JSON array'],

  // Configuration
  noSuchNode: [404, 'not_found', (name: string) => `no such node: ${name}`],
  nodeDown: [412, 'nodedown', (name: string) => `${name} is down`],
  unknownConfigValue: [404, 'not_found', 'unknown_config_value'],
  modificationNotAllowed: [400, 'modification_not_allowed', 'This config variable is read-only'],

  // Users
  badLoginType: [
    415,
    'bad_content_type',
    "Content-Type must be 'application/x-www-form-urlencoded' or 'application/json'",
  ],
  unauthorized: [401, 'unauthorized', (reason: string) => reason],
  forbidden: [403, 'forbidden', (reason: string) => reason],
  tooManyRequests: [
    429,
    'too_many_requests',
    (of: string) => `Too many requests of one ${of}: try again later.`,
  ],
  busy: [503, 'service_unavailable', 'The server is too busy to handle the request.'],

  // Streams
  tooManyFailedEvents: [
    507,
    'too_many_failed_events',
    (most: string) => `${most} failed events wait for a look: see _ingest/failures of the database.`,
  ],

  // The disk
  diskFull: [507, 'insufficient_storage', 'The disk is full: writes are refused until there is room.'],
  writeFailed: [
    503,
    'service_unavailable',
    'The disk did not take what was to be written: nothing of it is stored.',
  ],
  settingUnconfirmed: [
    503,
    'service_unavailable',
    'The change is in effect, but the disk did not confirm it: a loss of power may undo it. Send it again, or take it back.',
  ],
  writesRefused: [
    503,
    'service_unavailable',
    'A write to the disk failed: writes are refused until the store was opened again.',
  ],
  logUnavailable: [
    503,
    'service_unavailable',
    'The log of the cluster does not answer: the write may or may not have happened. Try again in a moment.',
  ],
  credentialsKeyDiffers: [
    409,
    'conflict',
    "The key of credentials of this node is another than that of its cluster: stop it, copy credentials.key from another node (or remove the file, and the node takes the cluster's key), and start it.",
  ],
  memberRemoved: [410, 'gone', 'The node was removed from the cluster.'],
  noMember: [404, 'not_found', (node: string) => `No member of the cluster is called ${node}.`],
  leaderUnavailable: [
    503,
    'service_unavailable',
    'The leader of the cluster did not answer: a write may or may not have happened. Try again in a moment.',
  ],
  noLeader: [503, 'service_unavailable', 'No node leads the cluster at the moment: try again in a moment.'],
  notLeader: [503, 'service_unavailable', 'This node does not lead its group: try again in a moment.'],
  storeReopening: [503, 'service_unavailable', 'The store is being opened again: try again in a moment.'],
  storeThreadAway: [503, 'service_unavailable', 'A thread did not answer: a write may have happened or not.'],
  storeStopped: [503, 'service_unavailable', (reason: string) => reason],
  damagedRecord: [500, 'damaged_record', (reason: string) => reason],

  // Backups
  backupRunning: [
    409,
    'conflict',
    'Another backup is being taken: it ends when its client says so, or some time after its last request.',
  ],
  noBackup: [404, 'not_found', 'There is no such backup, or no such file in it.'],
  nothingToBackUp: [
    501,
    'not_implemented',
    'A server that keeps its databases in memory has nothing to back up.',
  ],
} as const satisfies Record<string, ErrorEntry>

export type ErrorName = keyof typeof ERRORS

/** Returns whether something failed only because the store is being opened again: it can be tried again at once. */
export function isReopening(error: unknown): boolean {
  return error instanceof CouchError && error.reason === ERRORS.storeReopening[2]
}

/**
 * The error of that name. `detail` fills the reasons that name something.
 *
 * @example throw fail('conflict')
 */
export function fail(name: ErrorName, detail = ''): CouchError {
  const [status, error, reason] = ERRORS[name]
  return new CouchError(status, error, typeof reason === 'string' ? reason : reason(detail))
}
