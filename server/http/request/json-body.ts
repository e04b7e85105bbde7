import { fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { countValues } from '../../../protocol/json/count-values.ts'
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

/** @throws `too_large` */
export async function checkValues(ctx: HttpContext, body: Buffer, limit: ValuesLimit): Promise<void> {
  const most = ctx.services.config.integer('couchette', limit)
  const count = await runInTurns(countValues(body, most))
  if (count > most) throw fail('tooLarge', `the request entity has more than ${most} values`)
}
