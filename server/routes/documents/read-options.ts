import { fail } from '../../../protocol/errors.ts'
import { parseJson } from '../../../protocol/json/parse-json.ts'
import { parseRev, type Rev } from '../../../protocol/revision.ts'
import type { DocumentReadOptions } from '../../database/documents/read-document.ts'
import type { QueryParams } from '../../http/request/query-params.ts'

/** Query of `GET /{db}/{doc}`: the revisions, and the members of the answer (CouchDB: chttpd_db:parse_doc_query/1). */
export interface DocumentQuery {
  /** Undefined for the winner: `latest` leads to it from any revision. */
  readonly rev: Rev | undefined
  /** Undefined where no list of revisions is asked for. */
  readonly openRevs: readonly Rev[] | 'all' | undefined
  readonly latest: boolean
  /** True to answer a winner that is deleted. */
  readonly deleted: boolean
  readonly options: DocumentReadOptions
}

/** @throws `bad_request` for what are no revisions */
export function documentQuery(query: QueryParams): DocumentQuery {
  const given = query.last('rev')
  const named = given === undefined ? undefined : parseRev(given)
  const latest = query.flag('latest')
  const rev = latest ? undefined : named
  const openRevs = openRevsAsked(query)
  const isNamed = rev !== undefined || openRevs !== undefined
  return {
    rev,
    openRevs,
    latest,
    deleted: query.flag('deleted'),
    options: isNamed ? revisionOptions(query) : winnerOptions(query),
  }
}

function winnerOptions(query: QueryParams): DocumentReadOptions {
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
function revisionOptions(query: QueryParams): DocumentReadOptions {
  return { revs: query.flag('revs'), ...attachmentOptions(query) }
}

/** `atts_since` asks for data as `attachments=true` does. */
function attachmentOptions(
  query: QueryParams,
): Pick<DocumentReadOptions, 'attachments' | 'attsSince' | 'attEncodingInfo'> {
  const since = query.last('atts_since')
  const attEncodingInfo = query.flag('att_encoding_info')
  if (since !== undefined) return { attachments: 'data', attsSince: revisionList(since), attEncodingInfo }
  return query.flag('attachments') ? { attachments: 'data', attEncodingInfo } : { attEncodingInfo }
}

/** An empty list counts as not given. */
function openRevsAsked(query: QueryParams): readonly Rev[] | 'all' | undefined {
  const asked = query.last('open_revs')
  if (asked === undefined || asked === 'all') return asked
  const revs = revisionList(asked)
  return revs.length === 0 ? undefined : revs
}

/** @throws `invalidJson`, `bad_request` for what is no JSON list of revisions */
function revisionList(text: string): readonly Rev[] {
  const list = parseJson(Buffer.from(text))
  if (!Array.isArray(list)) throw fail('badRequest', 'Invalid list of revisions')
  return list.map(parseRev)
}
