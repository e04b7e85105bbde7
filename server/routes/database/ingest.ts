import { fail } from '../../../protocol/errors.ts'
import { BadEvent } from '../../../protocol/streams/bad-event.ts'
import { isExactObject, parseExact, type ExactValue } from '../../../protocol/streams/exact-json.ts'
import { parseIdTemplate } from '../../../protocol/streams/id-template.ts'
import type { RowMapping } from '../../../protocol/streams/row-changes.ts'
import { parseTypeHint } from '../../../protocol/streams/schema.ts'
import { readJsonBody } from '../../http/request/body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { clearFailedEvents, listFailedEvents } from '../../streams/failed-events.ts'
import type { IncomingEvent, IngestResult } from '../../streams/ingested.ts'
import { ingest } from '../../streams/ingestion.ts'
import type { RequestContext } from '../context.ts'
import { documentLimits } from '../shared/document-limits.ts'
import { databaseOf } from '../shared/path-names.ts'

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
  const body = await readJsonBody(ctx, 'document')
  const results = await ingest(database, eventsOf(body), {
    mapping,
    user: ctx.state.user,
    limits: documentLimits(ctx),
    maxFailures: ctx.services.config.integer('couchette', 'max_failed_events'),
  })
  sendJson(ctx, {
    ok: results.every(({ kind }) => kind !== 'failed'),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    results: results.map(resultRow),
  })
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
function eventsOf(body: Uint8Array): IncomingEvent[] {
  const parsed = parseBody(body)
  return (Array.isArray(parsed) ? parsed : [parsed]).map(incomingEvent)
}

function parseBody(body: Uint8Array): ExactValue {
  try {
    return parseExact(body)
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

const LISTED = 100
const MOST_LISTED = 1000

/** `GET /{db}/_ingest/failures?limit=&after=`: the failed events, the oldest first, with what they were. */
export async function getFailures(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const query = QueryParams.of(ctx)
  const limit = query.text('limit') ?? String(LISTED)
  if (!/^\d{1,4}$/.test(limit) || Number(limit) > MOST_LISTED)
    throw fail('queryParse', `\`limit\` must be a number up to ${MOST_LISTED}`)
  const after = query.text('after')
  const rows = await listFailedEvents(database, {
    limit: Number(limit),
    ...(after === undefined ? {} : { after }),
  })
  sendJson(ctx, Buffer.from(`{"rows":[${rows.join(',')}]}`))
}

/** `DELETE /{db}/_ingest/failures?failure=`: removes one of them, or all. */
export async function deleteFailures(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  sendJson(ctx, { ok: true, cleared: await clearFailedEvents(database, QueryParams.of(ctx).text('failure')) })
}
