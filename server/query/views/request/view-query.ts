import { compareJson } from '../../../../protocol/collation/compare.ts'
import { rawKey } from '../../../../protocol/collation/raw-key.ts'
import { compareRaw } from '../../../../protocol/collation/raw.ts'
import { viewKey } from '../../../../protocol/collation/view-key.ts'
import { fail } from '../../../../protocol/errors.ts'
import type { JsonValue } from '../../../../protocol/json-value.ts'
import type { Collation } from '../../../sandbox/messages.ts'
import { prefixEnd } from '../row-key.ts'
import { checkKeys, groupLevelOf } from '../../../../protocol/view-parameter-checks.ts'
import type { ViewParameters } from '../../../../protocol/view-parameters.ts'

/** Rows from one row key to another, which is left out; undefined is the end. */
export interface RowRange {
  readonly from: Uint8Array
  readonly to: Uint8Array | undefined
}

/** Ranges in the order of the answer. Those of many keys are made when they are read. */
export type RowRanges = Pick<readonly RowRange[], 'length' | 'at'> & Iterable<RowRange>

/** A query that was checked: what to read, and what to answer of it. */
export interface ViewQuery {
  /** Equal for equal queries of a view; undefined for one of so many keys that nobody sends it twice. */
  readonly key: string | undefined
  /** One, or one for each of `keys`. */
  readonly ranges: RowRanges
  readonly byKeys: boolean
  /** Returns the JSON text of one of `keys`, as grouped rows show it; undefined if there is none. */
  readonly keyText: (index: number) => string | undefined
  /** Length of the partition's sort key at the start of row keys; 0 without a partition. */
  readonly partitionBytes: number
  readonly descending: boolean
  readonly limit: number
  readonly skip: number
  /**
   * Elements of the key by which rows are grouped: 0 for one group, Infinity for one per key; undefined to answer rows.
   */
  readonly groupLevel: number | undefined
  readonly includeDocs: boolean
  readonly conflicts: boolean
  readonly attachments: boolean
  readonly attEncodingInfo: boolean
  readonly update: 'true' | 'false' | 'lazy'
  readonly updateSeq: boolean
}

export interface QueriedView {
  readonly hasReduce: boolean
  readonly collation: Collation
  readonly partitioned: boolean
}

/**
 * Checks parameters against each other and the view. (CouchDB: couch_mrview_util:validate_args/1)
 *
 * @throws `query_parse_error`
 */
export function viewQuery(parameters: ViewParameters, view: QueriedView): ViewQuery {
  const groupLevel = groupLevelOf(parameters, view)
  checkKeys(parameters, groupLevel)
  checkDocuments(parameters, groupLevel)
  checkPartition(parameters, view)
  checkOrder(parameters, view.collation)
  const sortKey = view.collation === 'raw' ? rawKey : viewKey
  const keys = keysInOrder(parameters, groupLevel)
  const { keys: _keys, ...others } = parameters
  const { partition } = others
  return {
    key: keys !== undefined && keys.length > MAX_REMEMBERED_KEYS ? undefined : JSON.stringify(parameters),
    ranges:
      keys === undefined
        ? [partitioned(rangeOf(parameters, sortKey), partition, sortKey)]
        : new KeyRanges(keys, key =>
            partitioned(rangeOf({ ...others, startKey: key, endKey: key }, sortKey), partition, sortKey),
          ),
    byKeys: keys !== undefined,
    keyText: index => {
      const key = keys?.[index]
      return key === undefined ? undefined : JSON.stringify(key)
    },
    partitionBytes: parameters.partition === undefined ? 0 : sortKey(parameters.partition).length,
    descending: parameters.descending === true,
    limit: parameters.limit ?? Infinity,
    skip: parameters.skip ?? 0,
    groupLevel,
    includeDocs: parameters.includeDocs === true,
    conflicts: parameters.conflicts === true,
    attachments: parameters.attachments === true,
    attEncodingInfo: parameters.attEncodingInfo === true,
    update: parameters.update ?? 'true',
    updateSeq: parameters.updateSeq === true,
  }
}

const MAX_REMEMBERED_KEYS = 1000

/** The ranges of keys, each made when it is asked for. */
class KeyRanges implements Iterable<RowRange> {
  readonly #keys: readonly JsonValue[]
  readonly #rangeOf: (key: JsonValue) => RowRange

  constructor(keys: readonly JsonValue[], rangeOf: (key: JsonValue) => RowRange) {
    this.#keys = keys
    this.#rangeOf = rangeOf
  }

  get length(): number {
    return this.#keys.length
  }

  at(index: number): RowRange | undefined {
    const key = this.#keys[index]
    return key === undefined ? undefined : this.#rangeOf(key)
  }

  *[Symbol.iterator](): Iterator<RowRange> {
    for (const key of this.#keys) yield this.#rangeOf(key)
  }
}

/** Descending rows come in the reverse order of their keys, reduced ones in the keys' own (fabric_view_map:go/8). */
function keysInOrder(
  { keys, descending }: ViewParameters,
  groupLevel: number | undefined,
): readonly JsonValue[] | undefined {
  return descending === true && groupLevel === undefined ? keys?.toReversed() : keys
}

function checkDocuments({ includeDocs, conflicts }: ViewParameters, groupLevel: number | undefined): void {
  if (groupLevel === undefined) return
  if (includeDocs === true) throw fail('queryParse', '`include_docs` is invalid for reduce')
  if (conflicts !== undefined) throw fail('queryParse', '`conflicts` is invalid for reduce views.')
}

function checkPartition({ partition }: ViewParameters, view: QueriedView): void {
  if (partition !== undefined && !view.partitioned) {
    throw fail('queryParse', '`partition` parameter is not supported in this design doc')
  }
  if (partition === undefined && view.partitioned) {
    throw fail('queryParse', '`partition` parameter is mandatory for queries to this view.')
  }
}

function checkOrder({ startKey, endKey, descending }: ViewParameters, collation: Collation): void {
  if (startKey === undefined || endKey === undefined) return
  const order = (collation === 'raw' ? compareRaw : compareJson)(startKey, endKey)
  if (descending === true ? order >= 0 : order <= 0) return
  throw fail(
    'queryParse',
    `No rows can match your key range, reverse your start_key and end_key or set descending=${String(descending !== true)}`,
  )
}

type SortKey = (value: JsonValue) => Uint8Array

const BEGINNING = new Uint8Array(0)

function rangeOf(parameters: ViewParameters, sortKey: SortKey): RowRange {
  const { startKey: start, endKey: end, descending, inclusiveEnd = true } = parameters
  // A document id narrows only a range that begins, or ends, at a key.
  const startId = start === undefined ? undefined : parameters.startKeyDocId
  const endId = end === undefined ? undefined : parameters.endKeyDocId
  const at = (value: JsonValue, id: string) => Buffer.concat([sortKey(value), Buffer.from(id)])
  if (descending === true) {
    const from =
      end === undefined ? BEGINNING : lower(sortKey(end), inclusiveEnd, endId, at.bind(undefined, end))
    const to =
      start === undefined ? undefined : prefixEnd(startId === undefined ? sortKey(start) : at(start, startId))
    return { from, to }
  }
  const from = start === undefined ? BEGINNING : startId === undefined ? sortKey(start) : at(start, startId)
  return {
    from,
    to: end === undefined ? undefined : upper(sortKey(end), inclusiveEnd, endId, at.bind(undefined, end)),
  }
}

/** Returns the exclusive end of an ascending range up to a key, which may be included. */
function upper(
  key: Uint8Array,
  inclusive: boolean,
  id: string | undefined,
  at: (id: string) => Uint8Array,
): Uint8Array {
  if (id === undefined) return inclusive ? prefixEnd(key) : key
  return inclusive ? prefixEnd(at(id)) : at(id)
}

/** Returns the inclusive start of a descending range down to a key, which may be included. */
function lower(
  key: Uint8Array,
  inclusive: boolean,
  id: string | undefined,
  at: (id: string) => Uint8Array,
): Uint8Array {
  if (id === undefined) return inclusive ? key : prefixEnd(key)
  return inclusive ? at(id) : prefixEnd(at(id))
}

/** In a partitioned view the sort key of the partition comes before that of the key. */
function partitioned(range: RowRange, partition: string | undefined, sortKey: SortKey): RowRange {
  if (partition === undefined) return range
  const prefix = sortKey(partition)
  return {
    from: Buffer.concat([prefix, range.from]),
    to: range.to === undefined ? prefixEnd(prefix) : Buffer.concat([prefix, range.to]),
  }
}
