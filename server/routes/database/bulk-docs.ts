import { parseDocId } from '../../../protocol/document-id.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import { parseBulkDocsInSteps, type BulkLimits } from '../../../protocol/document/parse-bulk-docs.ts'
import { fail, type CouchError } from '../../../protocol/errors.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import type { EditOutcome } from '../../database/documents/edit.ts'
import { writeDocuments, type DocumentToWrite } from '../../database/documents/write-documents.ts'
import { readJsonBody, requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { sendJson } from '../../http/response/reply.ts'
import { runInTurns } from '../../concurrency/time-slice.ts'
import { databaseOf } from '../shared/path-names.ts'
import { checkIdIn, documentLimits } from '../shared/document-limits.ts'
import { checkQuorum, isQuorumOutOfReach, reachQuorum } from '../shared/quorum.ts'

/** Renders the answer's row for a document. */
type Row = (document: DocumentToWrite, outcome: EditOutcome) => string

export async function postBulkDocs(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireJson(ctx)
  checkQuorum(ctx)
  const body = await readJsonBody(ctx, 'document')
  const { docs, newEdits, allOrNothing, w } = await runInTurns(parseBulkDocsInSteps(body, limits(ctx)))
  const documents = docs.map(input => toWrite(ctx, input))
  for (const { id } of documents) checkIdIn(database, id)
  if (newEdits && allOrNothing && docs.length > 0) {
    sendRows(ctx, documents.map(refuseAtomic), 417)
    return
  }
  const outcomes = await writeDocuments(database, documents, { replicated: !newEdits, user: ctx.state.user })
  const written = outcomes.flatMap(({ id, rev, error }) =>
    error === undefined && rev !== undefined ? [{ id, rev }] : [],
  )
  await reachQuorum(ctx, database, written, w)
  const isAccepted = isQuorumOutOfReach(ctx, w)
  const row: Row = newEdits ? (isAccepted ? acceptedRow : outcomeRow) : replicatedRow
  const rows = documents.map((document, index) => row(document, outcomes[index]!)).filter(text => text !== '')
  sendRows(ctx, rows, isAccepted && docs.length > 0 ? 202 : 201)
}

function limits(ctx: RequestContext): BulkLimits {
  return { ...documentLimits(ctx), maxCount: ctx.services.config.integer('couchdb', 'max_bulk_docs_count') }
}

function toWrite(ctx: RequestContext, input: DocumentInput): DocumentToWrite {
  return { id: input.id ?? parseDocId(ctx.services.uuids.next()), input }
}

function sendRows(ctx: RequestContext, rows: readonly string[], status: number): void {
  sendJson(ctx, Buffer.from(`[${rows.join(',')}]`), status)
}

const outcomeRow: Row = (_, { id, rev, error }) =>
  error === undefined
    ? `{"ok":true,"id":${JSON.stringify(id)},"rev":${JSON.stringify(rev)}}`
    : JSON.stringify({ id, ...told(error) })

const acceptedRow: Row = (document, outcome) =>
  outcome.error === undefined
    ? `${outcomeRow(document, outcome).slice(0, -1)},"accepted":true}`
    : outcomeRow(document, outcome)

/** Of replicated revisions, only those that are refused are told. */
const replicatedRow: Row = ({ id, input }, { error }) =>
  error === undefined ? '' : JSON.stringify({ id, rev: input.rev ?? '0-', ...told(error) })

function refuseAtomic({ id, input }: DocumentToWrite): string {
  return JSON.stringify({ id, rev: input.rev ?? '0-', ...told(fail('allOrNothing')) })
}

function told({ error, reasonValue: given }: CouchError): { error: string; reason: JsonValue } {
  return { error, reason: given }
}
