import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { ReplicationFilter } from '../../protocol/replication-options.ts'
import type { ChangesRequest } from '../peer.ts'
import type { PeerRequest } from './http-client.ts'

/** A sequence in a query: text as it is, numbers and older forms as JSON. */
export function encodeSeq(seq: SourceSeq): string {
  return encodeURIComponent(typeof seq === 'string' ? seq : JSON.stringify(seq))
}

/** Returns the heartbeat to request of a feed, in milliseconds, given the longest allowed silence of a peer. */
export function heartbeatMs(timeoutMs: number): number {
  return Math.max(1000, Math.floor(timeoutMs / 3))
}

/** The request for a changes feed that says something at least three times within the timeout. */
export function changesRequest(request: ChangesRequest, since: SourceSeq, timeoutMs: number): PeerRequest {
  const beat = heartbeatMs(timeoutMs)
  const query = [`feed=${request.feed}`, `style=${request.style}`, `since=${encodeSeq(since)}`]
  query.push(request.feed === 'continuous' ? `heartbeat=${beat}` : `timeout=${beat}`)
  return { ...withFilter(request.filter, query), feed: true, live: true }
}

/** The request for how many changes follow, or for the first that passes a filter. */
export function pendingRequest(since: SourceSeq, filter?: ReplicationFilter): PeerRequest {
  if (filter) return withFilter(filter, [`since=${encodeSeq(since)}`, 'limit=1'])
  return { method: 'GET', path: `_changes?since=${encodeSeq(since)}&limit=0` }
}

function withFilter(
  filter: ReplicationFilter,
  query: string[],
): Pick<PeerRequest, 'method' | 'path' | 'body'> {
  switch (filter.kind) {
    case 'none':
      return { method: 'GET', path: pathOf(query) }
    case 'docIds':
      return posted('_doc_ids', { doc_ids: filter.docIds }, query)
    case 'selector':
      return posted('_selector', { selector: filter.selector }, query)
    case 'builtin':
      return {
        method: 'GET',
        path: pathOf([...query, `filter=${filter.name}`, ...params(filter.queryParams)]),
      }
    case 'function': {
      const name = `${encodeURIComponent(filter.ddoc)}/${encodeURIComponent(filter.name)}`
      return { method: 'GET', path: pathOf([...query, `filter=${name}`, ...params(filter.queryParams)]) }
    }
  }
}

function posted(
  filter: string,
  body: object,
  query: string[],
): Pick<PeerRequest, 'method' | 'path' | 'body'> {
  return { method: 'POST', path: pathOf([...query, `filter=${filter}`]), body: JSON.stringify(body) }
}

function pathOf(query: readonly string[]): string {
  return `_changes?${query.join('&')}`
}

function params(queryParams: object): string[] {
  return Object.entries(queryParams).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `${encodeURIComponent(name)}=${encodeURIComponent(text)}`
  })
}
