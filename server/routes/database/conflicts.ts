import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import { parseDocumentInSteps } from '../../../protocol/document/parse.ts'
import { type DocId, parseDocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { canonicalizeInSteps } from '../../../protocol/json/canonical.ts'
import { decodeValue } from '../../../protocol/json/decode-value.ts'
import { jsonMembers } from '../../../protocol/json/members.ts'
import { parseRev, type Rev } from '../../../protocol/revision.ts'
import { parametersOfQuery, type ViewParameters } from '../../../protocol/view-parameters.ts'
import { mapInTurns, runInTurns } from '../../concurrency/time-slice.ts'
import type { Database } from '../../database/database.ts'
import { listConflicts } from '../../database/conflicts/list-conflicts.ts'
import { largestTrees } from '../../database/conflicts/list-trees.ts'
import type { ResolutionRow } from '../../database/conflicts/resolution-log.ts'
import { type ChosenResolution, resolveConflict } from '../../database/conflicts/resolve-conflict.ts'
import { readJsonBody, requireJson } from '../../http/request/body.ts'
import { parseBounded, readJsonObject } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { LongAnswer } from '../../http/response/long-answer.ts'
import { sendJson, streamJsonChunks } from '../../http/response/reply.ts'
import type { RequestContext } from '../context.ts'
import { runScan } from '../queries/stream-query.ts'
import { documentLimits } from '../shared/document-limits.ts'
import { listParametersOfBody, listParametersOfQuery } from '../shared/list-parameters.ts'
import { databaseOf } from '../shared/path-names.ts'

/** `GET /db/_conflicts`: the documents in conflict, paged as `_all_docs` is. */
export async function getConflicts(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  await sendConflicts(ctx, database, listParametersOfQuery(ctx))
}

/** `POST /db/_conflicts`: the same, with parameters such as `keys` in the body. */
export async function postConflicts(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireJson(ctx)
  const body = listParametersOfBody(await readJsonObject(ctx, 'query'))
  const query = parametersOfQuery(QueryParams.of(ctx).entries())
  await sendConflicts(ctx, database, { ...body, ...query })
}

async function sendConflicts(
  ctx: RequestContext,
  database: Database,
  parameters: ViewParameters,
): Promise<void> {
  const answer = new LongAnswer(ctx, ctx.services.readQueue)
  const chunks = listConflicts(database, parameters, { reader: ctx.state.user })
  await streamJsonChunks(ctx, answer.inTurns(database.name, chunks), answer)
}

/** `POST /db/_conflicts/ID`: resolves a conflict by hand, in one commit. */
export async function postResolution(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const id = conflictId(ctx)
  requireJson(ctx)
  const chosen = await readResolution(ctx, id)
  const { user } = ctx.state
  const log = ctx.services.conflicts.of(database)?.log
  const origin = { time: Date.now(), policy: null, kind: 'by_hand', user: user.name }
  const resolved = await resolveConflict(database, chosen, user, log?.isKept ? origin : undefined)
  log?.written()
  logResolution(ctx, database.name, id)
  sendJson(ctx, { ok: true, id, ...resolved }, 201)
}

function logResolution({ services, state }: RequestContext, database: string, id: DocId): void {
  services.metrics.count('couchette/conflicts/resolutions')
  services.log.info(
    { id: state.requestId, user: state.user.name, database, document: id },
    'conflict resolved',
  )
}

/** Returns the id, which is the rest of the path; that of a design document may stand in two segments. */
function conflictId({ path, rest }: RequestContext): DocId {
  // These two are also the paths of lists.
  if (rest.length === 0) return parseDocId(path.slice(path.lastIndexOf('/') + 1))
  if (rest.includes(null)) throw fail('illegalDocId', 'Document id must be valid UTF-8')
  return parseDocId(rest.join('/'))
}

/** @throws `bad_request` */
async function readResolution(ctx: RequestContext, id: DocId): Promise<ChosenResolution> {
  const { text } = await runInTurns(canonicalizeInSteps(await readJsonBody(ctx, 'document'), { term: false }))
  const members = new Map(jsonMembers(text))
  if (text[0] !== OPEN_BRACE) throw fail('badRequest', 'Request body must be a JSON object')
  const revs = members.get('revs')
  const keep = members.get('keep')
  const body = members.get('body')
  if (revs === undefined) throw fail('badRequest', '`revs` must name the revisions that are resolved')
  if ((keep === undefined) === (body === undefined))
    throw fail('badRequest', 'one of `keep`, a revision, and `body`, a document, is needed')
  return {
    id,
    revs: await readRevs(ctx, revs),
    ...(keep === undefined ? {} : { keep: parseRev(decodeValue(keep.toString())) }),
    ...(body === undefined ? {} : { body: await readBody(ctx, body) }),
  }
}

const OPEN_BRACE = 0x7b

async function readRevs(ctx: RequestContext, json: Buffer): Promise<Rev[]> {
  const value = await parseBounded(ctx, json, 'max_query_values')
  if (!Array.isArray(value)) throw fail('badRequest', '`revs` must be an array')
  return mapInTurns(value, rev => parseRev(rev))
}

/** @throws `bad_request`, and what the limits of documents refuse */
async function readBody(ctx: RequestContext, json: Buffer): Promise<DocumentInput> {
  const input = await runInTurns(parseDocumentInSteps(json, { term: true, ...documentLimits(ctx) }))
  if (input.refusal !== undefined) throw input.refusal
  return input
}

const DEFAULT_LOG_ROWS = 100

/** `GET /db/_conflicts/log?limit=`: what policies and people did, the latest first. */
export async function getLog(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const { limit = DEFAULT_LOG_ROWS } = parametersOfQuery(QueryParams.of(ctx).entries())
  await streamJsonChunks(ctx, logText(ctx.services.conflicts.of(database)?.log.latest(limit)))
}

async function* logText(
  pages: AsyncIterable<readonly ResolutionRow[]> | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let separator = '{"rows":['
  for await (const rows of pages ?? []) {
    for (const { time, ...row } of rows) {
      yield Buffer.from(separator + JSON.stringify({ time: new Date(time).toISOString(), ...row }))
      separator = ',\r\n'
    }
  }
  yield Buffer.from(separator.startsWith('{') ? `${separator}]}` : ']}')
}

/** `GET /db/_conflicts/policies`: the policies in their order, with what they did, and those that are not applied. */
export async function getPolicies(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const { conflicts, config } = ctx.services
  const resolver = conflicts.of(database)
  const { policies = [], invalid = [] } = resolver?.policies ?? {}
  sendJson(ctx, {
    resolve: config.boolean('conflicts', 'resolve'),
    policies: policies.map(({ name, resolver: { kind } }) => ({
      policy: name,
      kind,
      ...(resolver?.counts.get(name) ?? { resolved: 0, left: 0, failed: 0 }),
    })),
    invalid,
    stopped: [...(resolver?.stopped ?? [])],
  })
}

const DEFAULT_TREES = 25

/** `GET /db/_trees?limit=`: the documents with the largest revision trees. */
export async function getTrees(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const { limit = DEFAULT_TREES } = parametersOfQuery(QueryParams.of(ctx).entries())
  const most = ctx.services.config.integer('conflicts', 'max_trees')
  if (limit > most) throw fail('queryParse', `Limit is too large, must not exceed ${most}`)
  sendJson(ctx, { rows: await runScan(ctx, signal => largestTrees(database, limit, signal)) })
}
