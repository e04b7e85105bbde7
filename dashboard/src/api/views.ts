import { memberOf } from '../lib/json-text.ts'
import { apiPath } from '../lib/location.ts'
import type { DocumentRow, RowPage } from './documents.ts'
import { listRows, parseRows } from './documents.ts'
import { getJson, request } from './http.ts'

export interface DesignText {
  readonly id: string
  readonly text: string
}

/** The design documents of a database with their texts. */
export async function listDesigns(database: string, signal: AbortSignal): Promise<DesignText[]> {
  const { rows } = await listRows(`${apiPath(database)}/_design_docs`, { include_docs: true }, signal)
  return rows.flatMap(({ id, text }) => (id === undefined || text === undefined ? [] : [{ id, text }]))
}

export interface ViewIndexInfo {
  readonly updater_running: boolean
  readonly update_seq: string | number
  readonly sizes: { readonly file: number; readonly active: number }
  readonly signature: string
}

export async function indexInfo(
  database: string,
  design: string,
  signal: AbortSignal,
): Promise<ViewIndexInfo> {
  const { view_index } = await getJson<{ view_index: ViewIndexInfo }>(`${apiPath(database, design)}/_info`, {
    signal,
  })
  return view_index
}

export interface Task {
  readonly type: string
  readonly database?: string
  readonly design_document?: string
  readonly progress?: number
  readonly changes_done?: number
  readonly total_changes?: number
  readonly started_on?: number
  readonly updated_on?: number
}

export function activeTasks(signal: AbortSignal): Promise<readonly Task[]> {
  return getJson<readonly Task[]>('_active_tasks', { signal })
}

export interface TrialResult {
  readonly rows: readonly DocumentRow[]
  /** The reduction of all rows as JSON; `undefined` without a reduce function. */
  readonly reduced: string | undefined
}

/** Runs functions that are not stored yet over sample documents, in the node's sandbox. */
export async function tryView(
  database: string,
  { map, reduce, samples }: { map: string; reduce: string; samples: readonly string[] },
): Promise<TrialResult> {
  const functions = JSON.stringify({ map, ...(reduce === '' ? {} : { reduce }) })
  const response = await request('POST', `${apiPath(database)}/_try_view`, {
    json: `${functions.slice(0, -1)},"docs":[${samples.join(',')}]}`,
  })
  const text = await response.text()
  return { rows: parseRows(text).rows, reduced: memberOf(text, 'reduced') }
}

export async function sampleTexts(database: string, limit: number, from: string): Promise<string[]> {
  const { rows } = await listRows(`${apiPath(database)}/_all_docs`, {
    include_docs: true,
    limit,
    startkey: from === '' ? undefined : JSON.stringify(from),
  })
  return rows.flatMap(({ text }) => (text === undefined ? [] : [text]))
}

export type ViewParams = Readonly<Record<string, string | number | boolean | undefined>>

export function queryView(
  database: string,
  design: string,
  view: string,
  params: ViewParams,
  signal: AbortSignal,
): Promise<RowPage> {
  return listRows(`${apiPath(database, design)}/_view/${apiPath(view)}`, params, signal)
}
