import { DESIGN, DESIGN_END } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import { parsePartition } from '../../../protocol/partition.ts'
import { checkMapParameters } from '../../../protocol/view-parameter-checks.ts'
import type { ViewParameters } from '../../../protocol/view-parameters.ts'
import { KeySpace, type KeySpaceByte } from '../../storage/keys.ts'
import type { Database } from '../database.ts'
import { STORAGE } from '../storage-of.ts'

/** Kind of documents in a list: `_all_docs`, `_design_docs`, `_local_docs`. */
export type Namespace = 'documents' | 'design' | 'local'

/** A request for a list of documents, with checked parameters. */
export interface ListingQuery {
  readonly namespace: Namespace
  /** The listed ids (`keys`); then there is no range. */
  readonly keys: readonly JsonValue[] | undefined
  /** The store's keys from the first on, and up to the last, which is left out. */
  readonly from: Uint8Array
  readonly to: Uint8Array
  readonly descending: boolean
  readonly limit: number
  readonly skip: number
  readonly updateSeq: boolean
  readonly includeDocs: boolean
  readonly conflicts: boolean
  readonly attachments: boolean
  readonly attEncodingInfo: boolean
  /** Also the local documents that a cluster of CouchDB keeps for itself. */
  readonly includeSystem?: boolean
}

/**
 * Checks what is asked (CouchDB: couch_mrview_util:validate_all_docs_args/2).
 *
 * @throws `query_parse_error`, `illegal_partition`
 */
export function listingQuery(
  database: Database,
  namespace: Namespace,
  parameters: ViewParameters,
): ListingQuery {
  checkMapParameters(parameters)
  const { partition, descending = false, keys, limit = Infinity, skip = 0 } = parameters
  if (partition !== undefined) {
    if (!database.record.partitioned) {
      throw fail('queryParse', '`partition` parameter is not supported on this db')
    }
    parsePartition(partition)
  }
  return {
    namespace,
    keys: keys && keysOf(namespace, (descending ? keys.toReversed() : keys).slice(skip, skip + limit)),
    ...rangeOf(database, namespace, parameters),
    descending,
    limit,
    skip,
    updateSeq: parameters.updateSeq === true,
    includeDocs: parameters.includeDocs === true,
    conflicts: parameters.conflicts === true,
    attachments: parameters.attachments === true,
    attEncodingInfo: parameters.attEncodingInfo === true,
  }
}

/** `_design_docs` and `_local_docs` leave out keys of other documents (fabric_view_all_docs:filter_keys_by_namespace/2). */
function keysOf(namespace: Namespace, keys: readonly JsonValue[]): readonly JsonValue[] {
  const prefix = { documents: '', design: DESIGN, local: '_local/' }[namespace]
  return prefix === '' ? keys : keys.filter(key => typeof key === 'string' && key.startsWith(prefix))
}

export interface Range {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

function rangeOf(database: Database, namespace: Namespace, parameters: ViewParameters): Range {
  const { keys } = database[STORAGE]
  const space: KeySpaceByte = namespace === 'local' ? KeySpace.local : KeySpace.document
  const key = (id: string) => keys.text(space, id)
  const whole = keys.range(space)
  const given = givenRange(parameters, key, { from: whole.gte, to: whole.lt })
  if (namespace === 'design') return within(given, { from: key(DESIGN), to: key(DESIGN_END) })
  const { partition } = parameters
  // The ids of a partition begin with its name and a colon; what follows the colon is a semicolon.
  return partition === undefined
    ? given
    : within(given, { from: key(`${partition}:`), to: key(`${partition};`) })
}

/**
 * Document ids stand in for keys that are not given. Keys that are no strings sort before all ids: CouchDB compares them
 * as Erlang terms (couch_mrview_util:ad_skey_opts/1).
 */
export function givenRange(parameters: ViewParameters, key: (id: string) => Uint8Array, whole: Range): Range {
  const { descending = false, inclusiveEnd = true } = parameters
  const start = givenOr(parameters.startKey, parameters.startKeyDocId)
  const end = givenOr(parameters.endKey, parameters.endKeyDocId)
  const [first, last] = descending ? [end, start] : [start, end]
  const firstIncluded = !descending || inclusiveEnd
  const lastIncluded = descending || inclusiveEnd
  return {
    from: typeof first !== 'string' ? whole.from : firstIncluded ? key(first) : keyAfter(key(first)),
    to:
      last === undefined
        ? whole.to
        : typeof last !== 'string'
          ? whole.from
          : lastIncluded
            ? keyAfter(key(last))
            : key(last),
  }
}

function givenOr(value: JsonValue | undefined, other: string | undefined): JsonValue | undefined {
  return value === undefined ? other : value
}

/** The key that follows a key. */
export function keyAfter(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, Buffer.from([0])])
}

function within(range: Range, bounds: Range): Range {
  return {
    from: Buffer.compare(range.from, bounds.from) < 0 ? bounds.from : range.from,
    to: Buffer.compare(range.to, bounds.to) > 0 ? bounds.to : range.to,
  }
}
