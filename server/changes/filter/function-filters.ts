import { renderDocument } from '../../../protocol/document/render.ts'
import { CouchError } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { attachmentsMember } from '../../database/documents/attachments-member.ts'
import type { Database } from '../../database/database.ts'
import type { Sandbox, SandboxDocument } from '../../sandbox/sandbox.ts'
import { isOrdinary, skipUnusable, type OnSkip } from '../../query/skip-unusable.ts'
import { filterKey, type ChangeFilter } from './change-filter.ts'
import { leafDocuments, type LeafDocument } from './leaf-documents.ts'
import { verdictsOf } from './verdicts.ts'

/** Functions get so many documents in one call. */
const PAGE = 100

/** Sandbox and design document of a filter function. */
export interface FilterCode {
  readonly sandbox: Sandbox
  readonly ddoc: SandboxDocument
  /** Called with documents that the functions cannot be given: they do not pass. */
  readonly onSkip: OnSkip
}

/** `filter=ddoc/name`: a filter function, with the request that it sees. */
export function customFilter(
  database: Database,
  { sandbox, ddoc, onSkip }: FilterCode,
  name: string,
  request: JsonObject,
): ChangeFilter {
  // Each request has an id and tells how the database stood: functions that go by these are not what is shared.
  const { uuid: _uuid, info: _info, ...seen } = request
  const key = filterKey('custom', [ddoc.json, name, seen])
  return functionFilter(database, key, onSkip, documents => sandbox.filter(ddoc, name, documents, request))
}

/** `filter=_view`: passes the documents for which a map function emits anything. */
export function viewFilter(
  database: Database,
  { sandbox, ddoc, onSkip }: FilterCode,
  view: string,
): ChangeFilter {
  const key = filterKey('_view', [ddoc.json, view])
  return functionFilter(database, key, onSkip, documents => sandbox.emits(ddoc, view, documents))
}

function functionFilter(
  database: Database,
  key: string,
  onSkip: OnSkip,
  ask: (documents: readonly string[]) => Promise<readonly boolean[]>,
): ChangeFilter {
  return {
    key,
    pageSize: PAGE,
    mayFail: true,
    select: async (records, { allLeaves }) => {
      const leaves = await leafDocuments(database, records, { allLeaves, revisions: true })
      const documents = leaves.flat().map(leaf => ({ id: leaf.id, text: textOf(leaf) }))
      const askAbout = async (some: readonly { text: string }[]): Promise<readonly boolean[]> =>
        some.length === 0 ? [] : asServerError(ask(some.map(({ text }) => text)))
      // A function that fails on everything would give an empty feed. (CouchDB: InternalError ends the feed)
      const mayBlame = ({ text }: { text: string }): boolean => !isOrdinary(text)
      const skip = ({ id }: { id: string }, error: Error): void => onSkip(id, error)
      const { used, result } = await skipUnusable(documents, askAbout, skip, mayBlame)
      const passes = new Set(used.filter((_document, index) => result[index] === true))
      return verdictsOf(leaves, (_leaf, i) => passes.has(documents[i]!))
    },
  }
}

/** Whatever a function throws, a feed that it fails is the server's error. (CouchDB: 500, the function's name and reason) */
async function asServerError<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof CouchError) || error.status >= 500) throw error
    throw new CouchError(500, error.error, error.reason)
  }
}

function textOf({ id, rev, deleted, record, conflicts, revisions }: LeafDocument): string {
  const extras =
    (revisions === undefined ? '' : `,"_revisions":${JSON.stringify(revisions)}`) +
    (conflicts.length === 0 ? '' : `,"_conflicts":${JSON.stringify(conflicts)}`) +
    attachmentsMember(record.attachments)
  return renderDocument({ id, rev, deleted, body: record.body, extras }).toString()
}
