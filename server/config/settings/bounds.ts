import type { Setting } from '../setting.ts'

/** Limits on requests, and on what one request or one document may hold; of section `couchette`. */
export const BOUND_SETTINGS = {
  max_running_requests: {
    kind: 'integer',
    default: 2000,
    about:
      'Requests that a thread answers at a time, without feeds that wait; past it the answer is 503; 0 for no bound',
  },
  max_request_wait: {
    kind: 'integer',
    default: 1000,
    unit: 'milliseconds',
    about:
      'Work of a thread before the turn of a request that comes; a request that would wait for more is answered 503; 0 for no bound',
  },
  more_acceptors: {
    kind: 'integer',
    default: 32,
    about:
      'Duplicates of a listening socket that a busy server makes when many clients connect, so that it accepts more of them at a time; 0 for none',
    restart: true,
  },
  max_query_body_size: {
    kind: 'integer',
    default: 67_108_864,
    unit: 'bytes',
    about: 'Largest body of queries, and of lists of keys, ids and revisions',
  },
  max_function_body_size: {
    kind: 'integer',
    default: 16_777_216,
    unit: 'bytes',
    about:
      'Largest body of a request to a function of a design document, which has to fit into its memory several times',
  },
  max_query_values: {
    kind: 'integer',
    default: 1_000_000,
    about: 'Most values (elements and members) in the body of a query or a list; past it the answer is 413',
  },
  max_query_string_size: {
    kind: 'integer',
    default: 1024 * 1024,
    unit: 'bytes',
    about: 'Longest string in the body of a query or a list, as it is spelled; past it the answer is 413',
  },
  max_selector_values: {
    kind: 'integer',
    default: 20_000,
    about: 'Most values in the body of `_find`, `_explain` and `_index`; past it the answer is 413',
  },
  max_selector_size: {
    kind: 'integer',
    default: 1_048_576,
    unit: 'bytes',
    about: 'Largest body of `_find` and `_explain`',
  },
  max_system_document_values: {
    kind: 'integer',
    default: 200_000,
    about:
      'Most values of a document of `_users` or `_replicator`, and of `_replicate`; past it the answer is 413',
  },
  max_query_key_size: {
    kind: 'integer',
    default: 65_536,
    about: 'Most characters in one key of a query of a view; past it the answer is 413',
  },
  max_index_fields: {
    kind: 'integer',
    default: 100,
    about: 'Most fields of an index, made by `_index` or as a design document; past it the answer is 413',
  },
  max_queries_per_request: {
    kind: 'integer',
    default: 10_000,
    about: 'Most queries in one request to `…/queries`; past it the answer is 413',
  },
  max_settings_body_size: {
    kind: 'integer',
    default: 1_048_576,
    unit: 'bytes',
    about: 'Largest body of `_security`, `_index`, `_config`, limits, and of requests that need no body',
  },
  max_design_values: {
    kind: 'integer',
    default: 100_000,
    about:
      'Most values (elements and members) of a design document that is written; past it the answer is 413',
  },
  max_design_views: {
    kind: 'integer',
    default: 1000,
    about: 'Most views of a design document that is written; past it the answer is 413',
  },
  max_document_attachments: {
    kind: 'integer',
    default: 10_000,
    about: 'Most attachments of a document that is written; past it the answer is 413',
  },
  max_failed_events: {
    kind: 'integer',
    default: 10_000,
    min: 1,
    about:
      'Failed events of streams that a database keeps for a look; past it `_ingest` answers 507 and jobs wait',
  },
  stream_queue_bytes: {
    kind: 'integer',
    default: 8 * 1024 * 1024,
    min: 64 * 1024,
    unit: 'bytes',
    about: 'Messages of a stream that a job reads ahead of its commits, besides what the broker is sending',
  },
  kafka_partition_interval: {
    kind: 'integer',
    default: 30_000,
    min: 100,
    unit: 'milliseconds',
    about: 'Time between two looks of a job for new partitions of the topic that it reads',
  },
  idle_connection_timeout: {
    kind: 'integer',
    default: 60_000,
    min: 1,
    unit: 'milliseconds',
    about:
      'Longest time that a connection without a request stays open, and one of HTTP/2 over which nothing goes and whose client does not answer a ping',
    restart: true,
  },
  large_tree_leaves: {
    kind: 'integer',
    default: 100,
    about:
      'Leaves of a document, deleted ones too, from which on the log warns, and `_health` and metrics count it (`large_trees`); 0 for never',
  },
  large_tree_revisions: {
    kind: 'integer',
    default: 20_000,
    about: 'Revisions in the tree of a document from which on the same is done; 0 for never',
  },
  max_document_revisions: {
    kind: 'integer',
    default: 100_000,
    about: 'Most revisions in the `_revisions` of a document that is written; past it the answer is 413',
  },
  max_document_depth: {
    kind: 'integer',
    default: 1000,
    about: 'Deepest nesting of a document that is written; deeper ones are refused with 400',
  },
  max_unread_answers: {
    kind: 'integer',
    default: 268_435_456,
    unit: 'bytes',
    about: 'Memory of long answers whose clients do not read them; past it, further long answers are 503',
  },
  unread_answer_timeout: {
    kind: 'integer',
    default: 60_000,
    unit: 'milliseconds',
    about:
      'Time in which a client takes nothing of its answer before it makes room for others, where that is needed',
  },
  max_running_reads: {
    kind: 'integer',
    default: 8,
    about: 'Pieces of lists and feeds that are made at a time; feeds with filters have as many of their own',
  },
  max_waiting_reads: {
    kind: 'integer',
    default: 20_000,
    about: 'Lists and feeds that may wait for their next piece; past it the answer is 503',
  },
  max_running_scans: {
    kind: 'integer',
    default: 4,
    about: '`_find`s without an index that read all documents, at a time; others wait',
  },
  max_waiting_scans: {
    kind: 'integer',
    default: 200,
    about: '`_find`s without an index that may wait for their turn; past it the answer is 503',
  },
  max_running_comparisons: {
    kind: 'integer',
    default: 4,
    about: '`_compare`s at a time; others wait',
  },
  max_running_comparisons_per_user: {
    kind: 'integer',
    default: 2,
    about: '`_compare`s of one user at a time; further ones wait, and those of other users go before them',
  },
  max_waiting_comparisons: {
    kind: 'integer',
    default: 20,
    about: '`_compare`s that may wait for their turn; past it the answer is 503',
  },
  verify_tables_interval: {
    kind: 'integer',
    default: 86_400,
    unit: 'seconds',
    about:
      'Time between readings of all tables of the store, to verify them; the first is at the start. 0: none',
  },
} as const satisfies Record<string, Setting>
