import type { NodeConditions } from '../lib/node-attention.ts'
import { getJson, getText, hasStatus, request } from './http.ts'

export interface Welcome {
  readonly version: string
  readonly uuid?: string
  readonly vendor: { readonly name: string; readonly version?: string }
}

export function welcome(signal: AbortSignal): Promise<Welcome> {
  return getJson<Welcome>('', { signal })
}

export interface Counters {
  readonly requests: number
  readonly documentWrites: number
  readonly databaseWrites: number
  readonly feeds: number
  readonly openDatabases: number
  /** Median and 99th percentile of the time of a request, in milliseconds. */
  readonly requestTime: { readonly median: number; readonly p99: number }
}

interface StatsAnswer {
  readonly couchdb: Record<string, { value: number }> & {
    readonly httpd: Record<string, { value: number }>
    readonly request_time: { value: { median: number; percentile: readonly [number, number][] } }
  }
}

export async function counters(signal: AbortSignal): Promise<Counters> {
  const { couchdb } = await getJson<StatsAnswer>('_node/_local/_stats', { signal })
  const { median, percentile } = couchdb.request_time.value
  return {
    requests: couchdb.httpd.requests?.value ?? 0,
    documentWrites: couchdb.document_writes?.value ?? 0,
    databaseWrites: couchdb.database_writes?.value ?? 0,
    feeds: couchdb.httpd.clients_requesting_changes?.value ?? 0,
    openDatabases: couchdb.open_databases?.value ?? 0,
    requestTime: { median, p99: percentile.find(([percent]) => percent === 99)?.[1] ?? 0 },
  }
}

export interface Health extends NodeConditions {
  readonly event_loop_delay_ms: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly memory: { readonly resident: number; readonly heap_used: number; readonly heap_limit: number }
  readonly disk: { readonly total: number; readonly free: number } | null
}

/** Undefined for a node that does not tell, such as a CouchDB. */
export function health(signal: AbortSignal): Promise<Health | undefined> {
  return getJson<Health>('_node/_local/_health', { signal }).catch(absent(undefined))
}

/** The metrics for Prometheus; undefined where they are not to be had. */
export function metricsText(signal: AbortSignal): Promise<string | undefined> {
  return getText('_node/_local/_prometheus', { signal }).catch(absent(undefined))
}

export interface SystemState {
  readonly uptime: number
}

export function systemState(signal: AbortSignal): Promise<SystemState> {
  return getJson<SystemState>('_node/_local/_system', { signal })
}

export interface LogLine {
  /** pino's numbers: 30 info, 40 warn, 50 error, 60 fatal. */
  readonly level?: number | string
  readonly time?: number | string
  readonly msg?: string
}

export interface LogPage {
  readonly last: number
  readonly lines: readonly LogLine[]
}

export function logLines(since: number, signal: AbortSignal): Promise<LogPage | undefined> {
  return getJson<LogPage>('_node/_local/_log', { params: { since }, signal }).catch(absent(undefined))
}

export interface SettingInfo {
  readonly section: string
  readonly key: string
  readonly kind: string
  readonly about: string
  readonly default: string
  readonly value: string | null
  readonly source: string
  readonly restart: boolean
  readonly unit?: string
  readonly choices?: readonly string[]
}

/** All settings with what they do; from a CouchDB only those that are set. */
export async function listSettings(signal: AbortSignal): Promise<readonly SettingInfo[]> {
  try {
    return (await getJson<{ settings: SettingInfo[] }>('_node/_local/_settings', { signal })).settings
  } catch (error) {
    if (!hasStatus(error, 404)) throw error
    const config = await getJson<Record<string, Record<string, string>>>('_node/_local/_config', { signal })
    return Object.entries(config).flatMap(([section, keys]) =>
      Object.entries(keys).map(([key, value]) => ({
        section,
        key,
        kind: 'unknown',
        about: '',
        default: '',
        value,
        source: '',
        restart: false,
      })),
    )
  }
}

export async function putSetting(section: string, key: string, value: string): Promise<void> {
  await request('PUT', `_node/_local/_config/${encodeURIComponent(section)}/${encodeURIComponent(key)}`, {
    json: JSON.stringify(value),
  })
}

export async function resetSetting(section: string, key: string): Promise<void> {
  await request('DELETE', `_node/_local/_config/${encodeURIComponent(section)}/${encodeURIComponent(key)}`)
}

/** Members of a mesh or a cluster, where the node has one: the text of what it says. */
export async function groupText(
  kind: '_mesh' | '_cluster',
  signal: AbortSignal,
): Promise<string | undefined> {
  return getText(kind, { signal }).catch(absent(undefined))
}

export function membership(signal: AbortSignal): Promise<{ all_nodes: string[]; cluster_nodes: string[] }> {
  return getJson('_membership', { signal })
}

/** Returns the fallback where the node does not offer the endpoint. */
function absent<T>(fallback: T): (error: unknown) => T {
  return (error: unknown) => {
    if (hasStatus(error, 400, 401, 403, 404, 405, 501)) return fallback
    throw error
  }
}
