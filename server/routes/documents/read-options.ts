import { fail } from '../../../protocol/errors.ts'
import { parseRev, type Rev } from '../../../protocol/revision.ts'
import type { ReadOptions } from '../../database/read-document.ts'
import type { Query } from '../../http/query.ts'

/** Which revisions of a document a request asks for, and what to tell of them (CouchDB: chttpd_db:parse_doc_query/1). */
export interface DocumentQuery {
  /** Undefined for the winner. */
  readonly rev: Rev | undefined
  /** Undefined where no list of revisions is asked for. */
  readonly openRevs: readonly Rev[] | 'all' | undefined
  readonly latest: boolean
  /** Whether a winner that is deleted is shown. */
  readonly deleted: boolean
  readonly options: ReadOptions
}

/** @throws `bad_request` for what are no revisions */
export function documentQuery(query: Query): DocumentQuery {
  const given = query.text('rev')
  const rev = given === undefined ? undefined : parseRev(given)
  const openRevs = openRevsAsked(query)
  const isNamed = rev !== undefined || openRevs !== undefined
  return {
    rev,
    openRevs,
    latest: query.flag('latest'),
    deleted: query.flag('deleted'),
    options: isNamed ? revisionOptions(query) : winnerOptions(query),
  }
}

function winnerOptions(query: Query): ReadOptions {
  const meta = query.flag('meta')
  return {
    revs: query.flag('revs'),
    revsInfo: meta || query.flag('revs_info'),
    conflicts: meta || query.flag('conflicts'),
    deletedConflicts: meta || query.flag('deleted_conflicts'),
    localSeq: query.flag('local_seq'),
    ...attachmentOptions(query),
  }
}

/** A revision that is asked for by name comes without what belongs to the document. */
function revisionOptions(query: Query): ReadOptions {
  return { revs: query.flag('revs'), ...attachmentOptions(query) }
}

/** `atts_since` asks for data as `attachments=true` does. */
function attachmentOptions(query: Query): Pick<ReadOptions, 'attachments' | 'attsSince' | 'attEncodingInfo'> {
  const since = query.json('atts_since')
  if (since !== undefined && !Array.isArray(since)) throw fail('invalidJson')
  const attEncodingInfo = query.flag('att_encoding_info')
  if (since !== undefined) return { attachments: 'data', attsSince: since.map(parseRev), attEncodingInfo }
  return query.flag('attachments') ? { attachments: 'data', attEncodingInfo } : { attEncodingInfo }
}

/** An empty list counts as not given. */
function openRevsAsked(query: Query): readonly Rev[] | 'all' | undefined {
  if (query.text('open_revs') === 'all') return 'all'
  const asked = query.json('open_revs')
  if (asked === undefined) return undefined
  if (!Array.isArray(asked)) throw fail('badRequest', 'Invalid list of revisions')
  return asked.length === 0 ? undefined : asked.map(parseRev)
}
