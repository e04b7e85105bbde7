import { fail } from '../../../protocol/errors.ts'
import { BadEvent } from '../../../protocol/streams/bad-event.ts'
import { isExactObject, type ExactValue } from '../../../protocol/streams/exact-json.ts'
import { parseExactInSteps } from '../../../protocol/streams/exact-steps.ts'
import { parseIdTemplate } from '../../../protocol/streams/id-template.ts'
import type { RowMapping } from '../../../protocol/streams/row-changes.ts'
import { parseTypeHint } from '../../../protocol/streams/schema.ts'
import { readJsonBody } from '../../http/request/body.ts'
import { checkValues } from '../../http/request/json-body.ts'
import type { Database } from '../../database/database.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson, streamJson } from '../../http/response/reply.ts'
import { runInTurns } from '../../concurrency/time-slice.ts'
import { clearFailedEvents, listFailedEvents, readFailedEvents } from '../../streams/failed-events.ts'
import type { IncomingEvent, IngestResult } from '../../streams/ingested.ts'
import { ingest, type IngestOptions } from '../../streams/ingestion.ts'
import {
  isOfOneEvent,
  type PreparedEvents,
  prepareEvents,
  type ReadOptions,
} from '../../streams/prepared-events.ts'
import type { RequestContext } from '../context.ts'
import { documentLimits } from '../shared/document-limits.ts'
import { databaseOf } from '../shared/path-names.ts'

/** Events that are one commit: more than sinks send at once, and few enough to be held with what becomes of them. */
const AT_A_TIME = 10_000
const ROWS_IN_PIECE = 100
const JSON_TYPE = /^application\/(?:cloudevents(?:-batch)?\+)?json\s*(?:;|$)/i

/**
 * `POST /{db}/_ingest?id=TEMPLATE&checkpoint=TOKEN`: takes events of Debezium, one or an array of them, and answers for
 * each, with the token. Debezium's HTTP sink wants 200.
 */
export async function postIngest(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  if (!JSON_TYPE.test(ctx.get('Content-Type'))) throw fail('badContentType')
  const query = QueryParams.of(ctx)
  const mapping = mappingOf(query)
  const checkpoint = query.text('checkpoint')
  const body = await readJsonBody(ctx, 'query')
  const { config } = ctx.services
  // Columns become members of documents.
  await checkValues(ctx, body, 'max_query_values', config.integer('couchdb', 'max_document_size'))
  const { reading, options } = optionsOf(ctx, query, mapping)
  const events = await eventsOf(body)
  const results: IngestResult[] = []
  let at = 0
  do {
    const part = events.slice(at, (at += AT_A_TIME))
    const prepared = await prepareEvents(part.length, index => incomingEvent(part[index]!), reading)
    results.push(...(await ingest(database, prepared, options)))
  } while (at < events.length)
  await streamJson(ctx, answerPieces(results, checkpoint))
}

/** The answer in pieces, as there may be a million rows. */
async function* answerPieces(
  results: readonly IngestResult[],
  checkpoint: string | undefined,
): AsyncGenerator<string> {
  const ok = results.every(({ kind }) => kind !== 'failed')
  const token = checkpoint === undefined ? {} : { checkpoint }
  yield `${JSON.stringify({ ok, ...token }).slice(0, -1)},"results":[`
  for (let at = 0; at < results.length; at += ROWS_IN_PIECE) {
    const rows = results.slice(at, at + ROWS_IN_PIECE).map(result => JSON.stringify(resultRow(result)))
    yield `${at === 0 ? '' : ','}${rows.join(',')}`
  }
  yield ']}\n'
}

function optionsOf(
  ctx: RequestContext,
  query: QueryParams,
  mapping: RowMapping,
): { readonly reading: ReadOptions; readonly options: IngestOptions } {
  const truncate = query.text('truncate')
  if (truncate !== undefined && truncate !== 'delete' && truncate !== 'refuse')
    throw fail('queryParse', '`truncate` must be `refuse` or `delete`')
  const limits = documentLimits(ctx)
  const maxFailures = ctx.services.config.integer('couchette', 'max_failed_events')
  return {
    reading: { mapping, limits, deletesTruncated: truncate === 'delete' },
    options: { limits, maxFailures, user: ctx.state.user },
  }
}

/**
 * `POST /{db}/_ingest/failures?id=TEMPLATE`: tries failed events again, the oldest first, as they would come now. What became of
 * one leaves the list in the same commit; one that fails again stays, with the reason that it had.
 */
async function postFailures(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const query = QueryParams.of(ctx)
  const { reading, options } = optionsOf(ctx, query, mappingOf(query))
  const [failure, after, limit] = [query.text('failure'), query.text('after'), limitOf(query)]
  const failed = await readFailedEvents(database, { failure, after, limit })
  if (failure !== undefined && failed.rows.length === 0) throw fail('missing')
  const results: object[] = []
  for (const { failure: number, event, removal } of failed.rows) {
    const prepared = await prepareEvents(1, () => event, reading)
    const own = { ...options, stopsOnError: true, locals: [removal] }
    results.push({ failure: number, ...(await retry(database, prepared, own)) })
  }
  const ok = results.every(result => !('error' in result))
  sendJson(ctx, { ok, results, ...(failed.after === undefined ? {} : { after: failed.after }) })
}

async function retry(database: Database, event: PreparedEvents, options: IngestOptions): Promise<object> {
  try {
    const [result] = await ingest(database, event, options)
    return resultRow(result!)
  } catch (error) {
    if (!isOfOneEvent(error)) throw error
    return { error: error.error, reason: error.reason }
  }
}

/** @throws `query_parse_error` */
function mappingOf(query: QueryParams): RowMapping {
  const template = query.text('id')
  if (template === undefined)
    throw fail('queryParse', '`id` must be a template of ids, such as `customer:{id}`')
  const types = Array.from(query.entries())
    .filter(([name]) => name.startsWith('type.'))
    .map(([name, text]) => {
      const type = parseTypeHint(text)
      if (type === undefined) throw fail('queryParse', `\`${name}\` must be the name of a type`)
      return [name.slice('type.'.length), type] as const
    })
  try {
    return { template: parseIdTemplate(template), types: new Map(types) }
  } catch (error) {
    if (error instanceof BadEvent) throw fail('queryParse', error.reason)
    throw error
  }
}

/** @throws `bad_request` for a body that is no JSON */
async function eventsOf(body: Uint8Array): Promise<ExactValue[]> {
  try {
    const parsed = await runInTurns(parseExactInSteps(body))
    return Array.isArray(parsed) ? parsed : [parsed]
  } catch (error) {
    if (error instanceof BadEvent) throw fail('badRequest', error.reason)
    throw error
  }
}

/** An event may come with its key: `{"key": …, "value": …}`, and with its place: `topic`, `offset`. */
function incomingEvent(value: ExactValue): IncomingEvent {
  if (!isExactObject(value) || !value.has('value') || value.has('op')) return { event: { value } }
  const key = value.get('key')
  const [topic, offset] = [value.get('topic'), value.get('offset')]
  return {
    event: { value: value.get('value') ?? null, ...(key === undefined ? {} : { key }) },
    ...(typeof topic === 'string' ? { topic } : {}),
    ...(typeof offset === 'string' ? { offset } : {}),
  }
}

function resultRow(result: IngestResult): object {
  switch (result.kind) {
    case 'skipped':
      return { ok: true, skipped: result.reason }
    case 'failed':
      return { error: result.error, reason: result.reason, failure: result.failure }
    case 'done': {
      const [first, second] = result.changes
      return { ok: true, ...first, ...(second === undefined ? {} : { then: second }) }
    }
  }
}

const COMMA = Buffer.from(',')
const LISTED = 100
const MOST_LISTED = 1000

/**
 * `GET /{db}/_ingest/failures?limit=&after=`: the failed events, the oldest first, with what they were, and `after` where more
 * follow. Some megabytes of them are one answer.
 */
async function getFailures(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const query = QueryParams.of(ctx)
  const limit = limitOf(query)
  const { rows, after } = await listFailedEvents(database, { limit, after: query.text('after') })
  const end = after === undefined ? '' : `,"after":${JSON.stringify(after)}`
  const separated = rows.flatMap((row, index) => (index === 0 ? [row] : [COMMA, row]))
  sendJson(ctx, Buffer.concat([Buffer.from('{"rows":['), ...separated, Buffer.from(`]${end}}`)]))
}

function limitOf(query: QueryParams): number {
  const limit = query.text('limit') ?? String(LISTED)
  if (!/^\d{1,4}$/.test(limit) || Number(limit) > MOST_LISTED)
    throw fail('queryParse', `\`limit\` must be a number up to ${MOST_LISTED}`)
  return Number(limit)
}

/** `DELETE /{db}/_ingest/failures?failure=`: removes one of them, or all. */
async function deleteFailures(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  sendJson(ctx, { ok: true, cleared: await clearFailedEvents(database, QueryParams.of(ctx).text('failure')) })
}

/** Handlers of `_ingest/failures`. */
export const failures = { GET: getFailures, POST: postFailures, DELETE: deleteFailures } as const
