import { DIGEST_VERSION } from '../../../protocol/document-digest.ts'
import { fail } from '../../../protocol/errors.ts'
import { digestsOf, listLeaves } from '../../database/listing/list-digests.ts'
import { requireJson } from '../../http/request/body.ts'
import { readJsonObject } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import type { RequestContext } from '../context.ts'
import { runScan } from '../queries/stream-query.ts'
import { databaseOf } from '../shared/path-names.ts'

interface IdRange {
  readonly start?: string | undefined
  readonly end?: string | undefined
}

/** A range as requests and answers name it. */
interface KeyRange {
  readonly start_key?: string
  readonly end_key?: string
}

/** `GET /db/_digests`: the digest of all documents, or with `parts` of so many parts. */
export async function getDigests(ctx: RequestContext): Promise<void> {
  const parts = QueryParams.of(ctx).text('parts')
  await answerDigests(ctx, {
    split: {},
    parts: parts === undefined ? 1 : countOf(ctx, 'parts', Number(parts)),
  })
}

/** `POST /db/_digests`: digests of ranges, or of parts of one, or the documents of one with their leaves. */
export async function postDigests(ctx: RequestContext): Promise<void> {
  requireJson(ctx)
  const { ranges, split, list, parts, limit } = await readJsonObject(ctx, 'query')
  if (list !== undefined) return sendLeaves(ctx, rangeOf('list', list), countOf(ctx, 'limit', limit))
  if (split !== undefined)
    return answerDigests(ctx, { split: rangeOf('split', split), parts: countOf(ctx, 'parts', parts) })
  if (!Array.isArray(ranges)) throw fail('badRequest', 'one of `ranges`, `split` and `list` is needed')
  if (ranges.length > mostOf(ctx, 'parts'))
    throw fail('badRequest', `\`ranges\` has more than ${mostOf(ctx, 'parts')} elements`)
  return answerDigests(ctx, { ranges: ranges.map(range => rangeOf('ranges', range)) })
}

async function sendLeaves(ctx: RequestContext, range: IdRange, limit: number): Promise<void> {
  const database = await databaseOf(ctx)
  const found = await runScan(ctx, () => listLeaves(database, range, limit))
  const rows = found.map(({ id, leaves }) => ({
    id,
    leaves: leaves.map(({ rev, deleted }) => (deleted ? { rev, deleted } : { rev })),
  }))
  sendJson(ctx, { version: DIGEST_VERSION, rows })
}

async function answerDigests(ctx: RequestContext, request: Parameters<typeof digestsOf>[1]): Promise<void> {
  const database = await databaseOf(ctx)
  const found = await runScan(ctx, signal => digestsOf(database, request, signal))
  const ranges = found.ranges.map(({ documents, digest, ...range }) => ({
    ...keysOf(range),
    documents,
    digest,
  }))
  sendJson(ctx, { version: DIGEST_VERSION, seq: database.formatSeq(found.seq), ranges })
}

/** @throws `bad_request` */
function rangeOf(member: string, value: unknown): IdRange {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { start_key: start, end_key: end } = value as Record<string, unknown>
    if (isOptionalText(start) && isOptionalText(end)) return { start, end }
  }
  throw fail('badRequest', `\`${member}\` takes objects with the texts \`start_key\` and \`end_key\``)
}

/** @throws `bad_request` unless it is a whole number within the limit */
function countOf(ctx: RequestContext, name: 'parts' | 'limit', value: unknown): number {
  const most = mostOf(ctx, name)
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value
  throw fail('badRequest', `\`${name}\` is a whole number from 1 to ${most}`)
}

function mostOf({ services }: RequestContext, name: 'parts' | 'limit'): number {
  return services.config.integer('compare', name === 'parts' ? 'max_parts' : 'max_listed')
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function keysOf({ start, end }: IdRange): KeyRange {
  return {
    ...(start === undefined ? {} : { start_key: start }),
    ...(end === undefined ? {} : { end_key: end }),
  }
}
