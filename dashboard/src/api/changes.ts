import { memberOf } from '../lib/json-text.ts'
import { LineSplitter } from '../lib/lines.ts'
import { apiPath } from '../lib/location.ts'
import { request } from './http.ts'

/** A row of a feed, with its document's text where that was asked for. */
export interface ChangeRow {
  readonly seq: string
  readonly id: string
  readonly deleted: boolean
  readonly revs: readonly string[]
  readonly doc: string | undefined
  /** Time at which it came. */
  readonly at: number
}

export interface FeedOptions {
  readonly since: string
  readonly includeDocs: boolean
  /** JSON text of a selector; empty for all changes. */
  readonly selector: string
  readonly signal: AbortSignal
  readonly onRows: (rows: readonly ChangeRow[]) => void
  readonly onOpen: () => void
}

/** Follows a database until the signal ends it; resolves when the server ends the feed. */
export async function followChanges(database: string, options: FeedOptions): Promise<void> {
  const { selector, signal, onRows } = options
  const response = await request(selector === '' ? 'GET' : 'POST', `${apiPath(database)}/_changes`, {
    params: {
      feed: 'continuous',
      since: options.since,
      heartbeat: 15_000,
      style: 'all_docs',
      include_docs: options.includeDocs,
      filter: selector === '' ? undefined : '_selector',
    },
    ...(selector === '' ? {} : { json: `{"selector":${selector}}` }),
    signal,
  })
  options.onOpen()
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const splitter = new LineSplitter()
  while (reader !== undefined) {
    const { done, value } = await reader.read()
    if (done) return
    const rows = splitter.push(value).map(line => parseChange(line, options.includeDocs))
    onRows(rows.filter(row => row !== undefined))
  }
}

function parseChange(line: string, withDoc: boolean): ChangeRow | undefined {
  const { seq, id, deleted, changes } = JSON.parse(line) as {
    seq?: string | number
    id?: string
    deleted?: boolean
    changes?: { rev: string }[]
  }
  if (id === undefined) return undefined
  return {
    seq: String(seq),
    id,
    deleted: deleted === true,
    revs: (changes ?? []).map(({ rev }) => rev),
    doc: withDoc ? memberOf(line, 'doc') : undefined,
    at: Date.now(),
  }
}
