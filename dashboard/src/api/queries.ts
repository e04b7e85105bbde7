import { elementsOf, memberOf } from '../lib/json-text.ts'
import { apiPath } from '../lib/location.ts'
import { getJson, request, sendJson } from './http.ts'

export interface FindResult {
  /** The documents as the server wrote them. */
  readonly documents: readonly string[]
  readonly bookmark: string
  readonly warning: string | undefined
  readonly stats: ExecutionStats | undefined
}

export interface ExecutionStats {
  readonly total_keys_examined?: number
  readonly total_docs_examined?: number
  readonly results_returned?: number
  readonly execution_time_ms?: number
}

function basePath(database: string, partition: string): string {
  return partition === '' ? apiPath(database) : `${apiPath(database)}/_partition/${apiPath(partition)}`
}

/** @param query the text of a `_find` body */
export async function find(
  database: string,
  partition: string,
  query: string,
  signal?: AbortSignal,
): Promise<FindResult> {
  const response = await request('POST', `${basePath(database, partition)}/_find`, {
    json: query,
    ...(signal === undefined ? {} : { signal }),
  })
  const text = await response.text()
  const [bookmark, warning, stats] = ['bookmark', 'warning', 'execution_stats'].map(name =>
    memberOf(text, name),
  )
  return {
    documents: elementsOf(memberOf(text, 'docs') ?? '[]'),
    bookmark: bookmark === undefined ? '' : String(JSON.parse(bookmark)),
    warning: warning === undefined ? undefined : String(JSON.parse(warning)),
    stats: stats === undefined ? undefined : (JSON.parse(stats) as ExecutionStats),
  }
}

export interface Explanation {
  readonly index: IndexInfo
  readonly covering?: boolean
  readonly mrargs?: unknown
  readonly index_candidates?: readonly {
    readonly index: IndexInfo
    readonly analysis: { readonly usable: boolean; readonly reasons: readonly { readonly name: string }[] }
  }[]
}

export function explain(database: string, partition: string, query: string): Promise<Explanation> {
  return sendJson<Explanation>('POST', `${basePath(database, partition)}/_explain`, { json: query })
}

export interface IndexInfo {
  readonly ddoc: string | null
  readonly name: string
  readonly type: string
  readonly partitioned?: boolean
  readonly def: { readonly fields?: readonly Record<string, string>[] }
}

export async function listIndexes(database: string, signal: AbortSignal): Promise<readonly IndexInfo[]> {
  return (await getJson<{ indexes: IndexInfo[] }>(`${apiPath(database)}/_index`, { signal })).indexes
}

/** @returns whether the index was made, or was there already */
export async function createIndex(
  database: string,
  fields: readonly string[],
  name: string,
): Promise<'created' | 'exists'> {
  const { result } = await sendJson<{ result: 'created' | 'exists' }>('POST', `${apiPath(database)}/_index`, {
    json: { index: { fields }, type: 'json', ...(name === '' ? {} : { name, ddoc: name }) },
  })
  return result
}

export async function deleteIndex(database: string, { ddoc, name, type }: IndexInfo): Promise<void> {
  if (ddoc === null) return
  await request('DELETE', `${apiPath(database)}/_index/${ddoc}/${type}/${encodeURIComponent(name)}`)
}
