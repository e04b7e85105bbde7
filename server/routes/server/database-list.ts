import { isDatabaseName, type DatabaseName } from '../../../protocol/database-name.ts'
import { fail } from '../../../protocol/errors.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import type { Catalog, NameRange } from '../../database/catalog.ts'
import { databaseInfo } from '../../database/info.ts'
import { requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { makeEtag } from '../../http/response/etag.ts'
import { readJsonObject } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { notModified, streamJson } from '../../http/response/reply.ts'
import { parametersOfQuery, type ViewParameters } from '../../../protocol/view-parameters.ts'

export async function getNames(ctx: RequestContext): Promise<void> {
  const names = namesOf(ctx)
  if (notModified(ctx, listEtag(ctx))) return
  await streamJson(ctx, listed(texts(names)))
}

async function* texts(names: AsyncIterable<DatabaseName>): AsyncGenerator<string> {
  for await (const name of names) yield JSON.stringify(name)
}

export async function getInfos(ctx: RequestContext): Promise<void> {
  const names = namesOf(ctx)
  if (notModified(ctx, listEtag(ctx))) return
  await streamJson(ctx, listed(infosOfNames(ctx.services.catalog, names)))
}

async function* infosOfNames(catalog: Catalog, names: AsyncIterable<DatabaseName>): AsyncGenerator<string> {
  for await (const name of names) {
    const info = await infoOf(catalog, name)
    // Dropped since it was listed.
    if (info !== undefined) yield JSON.stringify({ key: name, info })
  }
}

export async function postInfos(ctx: RequestContext): Promise<void> {
  requireJson(ctx)
  const { keys } = await readJsonObject(ctx, 'query')
  if (keys === undefined) throw fail('badRequest', '`keys` member must exist.')
  if (!Array.isArray(keys)) throw fail('badRequest', '`keys` member must be an array.')
  if (keys.length > ctx.services.config.integer('chttpd', 'max_db_number_for_dbs_info_req')) {
    throw fail('badRequest', 'too_many_keys')
  }
  await streamJson(ctx, listed(infosOfKeys(ctx.services.catalog, keys)))
}

async function* infosOfKeys(catalog: Catalog, keys: readonly unknown[]): AsyncGenerator<string> {
  for (const key of keys) {
    const info = typeof key === 'string' ? await infoOf(catalog, key) : undefined
    yield JSON.stringify(info === undefined ? { key, error: 'not_found' } : { key, info })
  }
}

async function infoOf(catalog: Catalog, name: string): Promise<object | undefined> {
  if (!isDatabaseName(name) || !(await catalog.exists(name))) return undefined
  return databaseInfo(await catalog.open(name))
}

/** Changes with the list, whatever of it is asked for. */
function listEtag(ctx: RequestContext): string {
  return makeEtag(ctx.services.catalog.version + ctx.querystring)
}

/** The names that a query asks for: those of a range, or those of its `keys` that exist. */
function namesOf(ctx: RequestContext): AsyncIterable<DatabaseName> {
  const { catalog } = ctx.services
  const parameters = parametersOfQuery(QueryParams.of(ctx).entries())
  const { keys, descending = false, limit = Infinity, skip = 0 } = parameters
  if (keys === undefined) return catalog.names(nameRange(parameters))
  return existing(catalog, (descending ? keys.toReversed() : keys).slice(skip, skip + limit))
}

async function* existing(catalog: Catalog, keys: readonly JsonValue[]): AsyncGenerator<DatabaseName> {
  for (const key of keys) {
    if (typeof key === 'string' && isDatabaseName(key) && (await catalog.exists(key))) yield key
  }
}

/** Names are listed as the documents of a database are: keys that are no strings sort before all names. */
function nameRange(parameters: ViewParameters): NameRange {
  const { startKey, endKey, descending = false, inclusiveEnd = true, limit = Infinity, skip = 0 } = parameters
  const highest = descending ? startKey : endKey
  return {
    ...(typeof startKey === 'string' ? { [descending ? 'lte' : 'gte']: startKey } : {}),
    ...(typeof endKey === 'string' ? { [endBound(descending, inclusiveEnd)]: endKey } : {}),
    reverse: descending,
    limit: highest === undefined || typeof highest === 'string' ? limit : 0,
    skip,
  }
}

function endBound(descending: boolean, inclusive: boolean): 'gte' | 'gt' | 'lte' | 'lt' {
  if (descending) return inclusive ? 'gte' : 'gt'
  return inclusive ? 'lte' : 'lt'
}

async function* listed(entries: AsyncIterable<string>): AsyncGenerator<string> {
  let separator = '['
  for await (const entry of entries) {
    yield separator + entry
    separator = ','
  }
  yield separator === '[' ? '[]\n' : ']\n'
}
