import { apiPath } from '../lib/location.ts'
import { getJson, request, sendJson } from './http.ts'

export interface DatabaseInfo {
  readonly db_name: string
  readonly doc_count: number
  readonly doc_del_count: number
  readonly update_seq: string | number
  readonly compact_running: boolean
  readonly sizes: {
    readonly file: number
    readonly active: number
    readonly external: number
    /** Documents with more than one living leaf, where there are some. */
    readonly conflicts?: number
  }
  readonly props: { readonly partitioned?: boolean }
}

/** A listed database; without `info` it went away meanwhile. */
export interface ListedDatabase {
  readonly key: string
  readonly info?: DatabaseInfo
}

export interface ListOptions {
  /** The first name, or the one behind it where `after` is set. */
  readonly from?: string | undefined
  readonly prefix?: string | undefined
  readonly limit: number
  readonly signal?: AbortSignal
}

/** A page of names in their order; never by skipping, so that the last page of many costs what the first does. */
export function listNames({ from, prefix = '', limit, signal }: ListOptions): Promise<string[]> {
  return getJson<string[]>('_all_dbs', {
    params: {
      limit,
      startkey: JSON.stringify(from ?? prefix),
      ...(prefix === '' ? {} : { endkey: JSON.stringify(`${prefix}\ufff0`) }),
    },
    ...(signal === undefined ? {} : { signal }),
  })
}

/** `[chttpd] max_db_number_for_dbs_info_req` is 100 where nobody has changed it. */
const MOST_KEYS = 100

export async function infosOf(names: readonly string[], signal?: AbortSignal): Promise<ListedDatabase[]> {
  const found: ListedDatabase[] = []
  for (let start = 0; start < names.length; start += MOST_KEYS) {
    const keys = names.slice(start, start + MOST_KEYS)
    const options = { json: { keys }, ...(signal === undefined ? {} : { signal }) }
    found.push(...(await sendJson<ListedDatabase[]>('POST', '_dbs_info', options)))
  }
  return found
}

export function databaseInfo(name: string, signal?: AbortSignal): Promise<DatabaseInfo> {
  return getJson<DatabaseInfo>(apiPath(name), signal === undefined ? {} : { signal })
}

export async function createDatabase(name: string, partitioned: boolean): Promise<void> {
  await request('PUT', apiPath(name), { params: partitioned ? { partitioned: true } : {} })
}

export async function deleteDatabase(name: string): Promise<void> {
  await request('DELETE', apiPath(name))
}

export async function compactDatabase(name: string): Promise<void> {
  await request('POST', `${apiPath(name)}/_compact`, { json: {} })
}

export interface Security {
  readonly admins?: SecurityGroup
  readonly members?: SecurityGroup
}

export interface SecurityGroup {
  readonly names?: readonly string[]
  readonly roles?: readonly string[]
}
