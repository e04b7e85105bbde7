import type { JsonObject } from '../../../protocol/json-value.ts'
import { checkText } from '../../../protocol/json/count-values.ts'
import { parseJsonInSteps, parseMembersInSteps, requireObject } from '../../../protocol/json/parse-json.ts'
import { runInTurns } from '../../concurrency/time-slice.ts'
import { readJsonBody, type BodyKind } from './body.ts'
import type { HttpContext } from '../context.ts'

/** Shorter bodies cannot hold enough values to matter. */
const COUNTED_BYTES = 64 * 1024

/** The setting of section `couchette` that bounds the values of a body. */
export type ValuesLimit = 'max_query_values' | 'max_selector_values' | 'max_system_document_values'

/**
 * Reads and parses a JSON body that is no document. Its values are counted before any is made, and long ones are parsed
 * in turns with other requests.
 *
 * @throws `too_large`, `bad_request`
 */
export async function readJson(ctx: HttpContext, kind: Exclude<BodyKind, 'document'>): Promise<unknown> {
  return parseBounded(ctx, await readJsonBody(ctx, kind), 'max_query_values')
}

/** As `readJson`, for a value that must be an object. @throws `bad_request` "Request body must be a JSON object" */
export async function readJsonObject(
  ctx: HttpContext,
  kind: Exclude<BodyKind, 'document'>,
): Promise<JsonObject> {
  return requireObject(await readJson(ctx, kind)) as JsonObject
}

/** Reads the members of an object, of which there may be very many. @throws as `readJsonObject` */
export async function readJsonMembers(
  ctx: HttpContext,
  kind: Exclude<BodyKind, 'document'>,
): Promise<(readonly [name: string, value: unknown])[]> {
  const body = await readJsonBody(ctx, kind)
  if (body.length > COUNTED_BYTES) await checkValues(ctx, body, 'max_query_values')
  return runInTurns(parseMembersInSteps(body))
}

/** Parses a body that was read. @throws as `readJson` */
export async function parseBounded(ctx: HttpContext, body: Buffer, limit: ValuesLimit): Promise<unknown> {
  if (body.length > COUNTED_BYTES) await checkValues(ctx, body, limit)
  return runInTurns(parseJsonInSteps(body))
}

/** @param string most bytes of one @throws `too_large` */
export async function checkValues(
  ctx: HttpContext,
  body: Buffer,
  limit: ValuesLimit,
  string = longestString(ctx, limit),
): Promise<void> {
  const { config } = ctx.services
  await runInTurns(checkText(body, { values: config.integer('couchette', limit), string }))
}

/** Selectors and documents have a size of their own. */
function longestString({ services }: HttpContext, limit: ValuesLimit): number {
  return limit === 'max_query_values'
    ? services.config.integer('couchette', 'max_query_string_size')
    : Infinity
}
